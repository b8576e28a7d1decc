"""Filter a list by the beginning of an address."""

ADDRESS_BEGINS = (
    "Only addresses that begin with this text, in upper or lower case: up to 320 characters. An international domain "
    "is found in both of its spellings, such as `info@müller.de` and `info@xn--mller-kva.de`."
)
