// Run no-op jobs of graphile-worker and print how many a second: node graphile_worker.mjs DATABASE_URL COUNT
import { Logger, makeWorkerUtils, runOnce } from "graphile-worker";

const [connectionString, count] = [process.argv[2], Number(process.argv[3])];
// The configuration of https://worker.graphile.org/docs/performance. Its connections keep the durable commits.
const preset = {
  worker: {
    connectionString,
    logger: new Logger(() => () => {}),
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
};
let done = 0;
const taskList = {
  noop: async () => {
    done += 1;
  },
};

async function drain() {
  const began = performance.now();
  await runOnce({ preset, taskList, noHandleSignals: true });
  return (performance.now() - began) / 1000;
}

const utils = await makeWorkerUtils({ preset });
await utils.migrate();
// Its own benchmark also subtracts the time to start and to stop.
const startAndStop = await drain();
await utils.addJobs(Array.from({ length: count }, () => ({ identifier: "noop", payload: {} })));
await utils.withPgClient((client) => client.query("VACUUM ANALYZE"));
const seconds = (await drain()) - startAndStop;
const left = await utils.withPgClient((client) => client.query("SELECT count(*)::int AS n FROM graphile_worker.jobs"));
await utils.release();
if (done !== count || left.rows[0].n !== 0) {
  throw new Error(`${done} of ${count} jobs ran, and ${left.rows[0].n} are left`);
}
console.log(count / seconds);
