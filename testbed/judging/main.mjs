// Reads the records in a folder and judges them. The program that starts it is ../judge.

import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Description } from "./description.mjs";
import { Judge } from "./judge.mjs";
import { Problems } from "./problems.mjs";
import { selfTest } from "./self_test.mjs";

async function judgeFolder(folder) {
  const problems = new Problems();
  const judge = new Judge(Description.load(), problems);
  for (const name of readdirSync(folder).filter((it) => it.endsWith(".jsonl")).sort()) {
    let line = 0;
    for await (const text of createInterface({ input: createReadStream(join(folder, name)) })) {
      line += 1;
      const place = `${name}, line ${line}`;
      let record;
      try {
        record = JSON.parse(text);
      } catch {
        // A server that was killed may have written half of its last line.
        console.error(`judge: ${place} is not complete, and not judged`);
        continue;
      }
      judge.record(record, place);
    }
  }
  if (judge.exchanges + judge.webhooks === 0) {
    console.error(`judge: nothing is recorded in ${folder}; RINGWAY_GITHUB_EXCHANGES has to name it while tests run`);
    return 2;
  }
  for (const text of problems.texts()) console.log(text);
  const judged = `${judge.exchanges} exchanges of ${judge.operations} operations and ${judge.webhooks} webhooks judged`;
  console.log(`judge: ${judged}: ${problems.count === 0 ? "no problem" : `${problems.count} problems`}`);
  return problems.count === 0 ? 0 : 1;
}

const [argument] = process.argv.slice(2);
process.exitCode = argument === "--self-test" ? selfTest() : await judgeFolder(argument);
