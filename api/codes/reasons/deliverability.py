"""What `touchline check` finds in the DNS records of a sender's domain."""

from strategies.codes import Code, code


class DnsCode(Code):
    """What `touchline check` finds in the DNS records of a sender's domain."""

    DKIM_FOUND = code(
        "{domain} has a DKIM key for the selector {selector}.",
        when="The DNS has a DKIM key for this selector.",
        do="Nothing. Check that the mail server, or Touchline, signs with it.",
    )
    DKIM_INVALID = code(
        "The DKIM record of the selector {selector} cannot be read: {fault}.",
        when="The record has no valid key, so no signature can be verified.",
        do="Publish the record again as the mail provider gives it.",
    )
    DKIM_MISSING = code(
        "{domain} has no DKIM key for the selector {selector}.",
        when="The DNS has no record for a selector that was given.",
        do="Publish the key, or check the selector's name.",
    )
    DKIM_NOT_FOUND = code(
        "{domain} has no DKIM key for any of {count} common selectors. The key may have another selector.",
        when="No selector was given, and none of the common ones has a key.",
        do="Run `touchline check` with `--selector NAME`; the name is in the DKIM-Signature of an email (s=…).",
    )
    DKIM_REVOKED = code(
        "The DKIM key of the selector {selector} is revoked: its p= is empty.",
        when="The domain's owner has revoked the key.",
        do="Sign with another key.",
    )
    DKIM_TESTING = code(
        "The DKIM key of the selector {selector} is marked as a test (t=y).",
        when="Servers treat emails with this signature like unsigned ones.",
        do="Remove t=y from the record.",
    )
    DKIM_WEAK = code(
        "The DKIM key of the selector {selector} has fewer than {bits} bits.",
        when="The RSA key is short. Servers reject signatures of keys with fewer than 1,024 bits.",
        do="Make a new key with 2,048 bits.",
    )
    DMARC_FOUND = code(
        "{name} has a DMARC policy: p={policy}.",
        when="The DMARC policy is quarantine or reject.",
        do="Nothing.",
    )
    DMARC_INVALID = code(
        "The DMARC record of {name} is not valid: {fault}.",
        when="Servers ignore the record.",
        do="Correct the record.",
    )
    DMARC_MISSING = code(
        "{domain} has no DMARC record. Gmail and Yahoo reject bulk email of such domains.",
        when="Neither the domain nor a parent domain has a DMARC record.",
        do='Publish a TXT record at _dmarc.DOMAIN, at first "v=DMARC1; p=none; rua=mailto:you@DOMAIN".',
    )
    DMARC_NO_REPORTS = code(
        "The DMARC record of {name} has no address for reports (rua).",
        when="Nobody learns which servers send in the domain's name.",
        do="Add rua=mailto:… to the record.",
    )
    DMARC_NONE = code(
        "The DMARC policy of {name} is p=none: forged emails are delivered.",
        when="The policy only asks for reports.",
        do="After the reports show that all your emails pass, change the policy to quarantine or reject.",
    )
    DMARC_PARTIAL = code(
        "The DMARC policy of {name} applies to {percent} % of the emails only.",
        when="The record has a pct below 100.",
        do="Remove pct when the reports show that your emails pass.",
    )
    DMARC_SEVERAL = code(
        "{name} has {count} DMARC records. Servers ignore all of them.",
        when="A domain may have one DMARC record.",
        do="Remove all records but one.",
    )
    DNS_FAILED = code(
        "The DNS did not answer for {name}: {fault}.",
        when="The resolver did not answer, or it answered with an error. Nothing is known about this record.",
        do="Try again, or name another resolver with `--dns`.",
    )
    DOMAIN_UNKNOWN = code(
        "The domain {domain} does not exist.",
        when="The DNS does not know the domain.",
        do="Check the spelling, or register the domain.",
    )
    MX_FOUND = code(
        "{domain} receives mail at {hosts}.",
        when="The domain has a mail server, so replies and bounces arrive.",
        do="Nothing.",
    )
    MX_HOST_UNKNOWN = code(
        "The mail server {host} of {domain} has no address.",
        when="An MX record names a host that does not exist.",
        do="Correct the MX record, or add the address of the host.",
    )
    MX_MISSING = code(
        "{domain} has no MX record. Mail goes to the host {domain} itself.",
        nowhere="{domain} has no MX record and no address. Replies and bounces cannot arrive.",
        when="The domain names no mail server.",
        do="Publish an MX record, so that replies and bounces arrive.",
    )
    MX_NULL = code(
        "{domain} accepts no mail (null MX). Replies and bounces cannot arrive, and many servers reject its emails.",
        when="The MX record is a single dot (RFC 7505).",
        do="Publish the MX record of your mail server, or send from another domain.",
    )
    SPF_ALIGNMENT = code(
        "SPF cannot pass DMARC: the return address is at {envelope}, and DMARC expects {domain}.",
        strict="SPF cannot pass DMARC: the return address is at {envelope}, and aspf=s expects exactly {domain}.",
        when="TOUCHLINE_RETURN_PATH is at a domain that does not align with the sender's.",
        do="Use a return address at the sender's domain, or rely on an aligned DKIM signature.",
    )
    SPF_ALLOWS_ALL = code(
        "The SPF record of {domain} ends in +all: every server may send in its name.",
        when="The record allows every server, which is worse than no record.",
        do="Change +all to ~all or -all.",
    )
    SPF_BROKEN_INCLUDE = code(
        "The SPF record of {domain} includes {name}, which has no SPF record.",
        when="Servers treat the whole record as an error.",
        do="Remove the include, or correct its name.",
    )
    SPF_FOUND = code(
        "{domain} has an SPF record with {lookups} DNS lookups (at most 10).",
        when="The record is valid.",
        do="Nothing. Check that it includes your mail server.",
    )
    SPF_INVALID = code(
        "The SPF record of {domain} has a term that is not valid: {term}.",
        when="Servers treat the whole record as an error.",
        do="Correct the term.",
    )
    SPF_MISSING = code(
        "{domain} has no SPF record. Gmail and Yahoo reject email of such domains.",
        when="No TXT record of the domain begins with v=spf1.",
        do='Publish a TXT record such as "v=spf1 include:PROVIDER -all".',
    )
    SPF_OPEN_END = code(
        "The SPF record of {domain} does not say what to do with other servers ({end}).",
        when="The record has no all, or ?all: servers that it does not name get a neutral result.",
        do="End the record with ~all or -all.",
    )
    SPF_PTR = code(
        "The SPF record of {domain} uses ptr, which is slow and which many servers ignore.",
        when="RFC 7208 advises against ptr.",
        do="Name the servers with ip4, ip6, a or include.",
    )
    SPF_SEVERAL = code(
        "{domain} has {count} SPF records. Servers treat this as an error.",
        when="A domain may have one SPF record.",
        do="Join the records into one.",
    )
    SPF_TOO_MANY_LOOKUPS = code(
        "The SPF record of {domain} needs {lookups} DNS lookups. Servers stop after 10 and treat it as an error.",
        when="Each include, a, mx, ptr, exists and redirect counts, also those inside includes.",
        do="Remove includes that you do not need, or replace them by ip4 and ip6.",
    )
