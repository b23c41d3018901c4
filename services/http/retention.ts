import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { PinSettings } from '../api/chacra-schemas.ts';
import { diskUseJson, pinJson, planJson, runJson } from '../api/retention-json.ts';
import { pinBuild } from '../chacra/pin-build.ts';
import type { PinnedCommit } from '../domain/pin.ts';
import { parseRef, parseWord } from '../domain/names.ts';
import { json } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import type { ChacraContext } from './chacra-context.ts';
import { userOf } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { readJson } from './read-json.ts';
import type { Register } from './register.ts';

const { retention: RETENTION, pins: PINS } = CHACRA_ROUTES;

/** `/api/v1/retention`, `/api/v1/pins/` and `/api/v1/disk-use`: what goes by the rules, what stays in spite of them, what takes the space. */
export function retentionRoutes(register: Register, context: ChacraContext): void {
  const { retention, pins, repos, diskUses, blobs } = context;
  register(RETENTION.plan, async () => json(planJson(await retention.plan())));
  register(RETENTION.run, (exchange) => {
    // Its end is not waited for: the run records whatever becomes of it.
    void retention.start(userOf(exchange, 'admin'));
    return { kind: 'json', status: 202, body: runJson(retention.last) };
  });
  register(RETENTION.last, () => json(runJson(retention.last)));
  register(PINS.list, () => {
    const isPresent = ({ project, ref, sha1 }: PinnedCommit) =>
      repos.tree().get(project)?.get(ref)?.has(sha1) === true;
    return json(pins.all().map((pin) => pinJson(pin, isPresent(pin))));
  });
  register(PINS.put, (exchange) => put(context, exchange));
  register(PINS.remove, async ({ params }) => {
    await pins.remove(commitOf(params));
    return { kind: 'empty', status: 204 };
  });
  register(CHACRA_ROUTES.diskUse, async () =>
    json(diskUseJson(await diskUses.current(), await blobs.freeBytes())),
  );
}

async function put(context: ChacraContext, exchange: Exchange): Promise<Answer> {
  const commit = commitOf(exchange.params);
  const { reason, until } = await readJson(exchange, PinSettings);
  const end = until === undefined || until === null ? null : new Date(until).toISOString();
  const pin = await pinBuild(context, commit, {
    reason,
    until: end,
    by: userOf(exchange, 'admin'),
  });
  exchange.tell({ reason: pin.reason, until: pin.until });
  return json(pinJson(pin, true));
}

function commitOf(params: Exchange['params']): PinnedCommit {
  return {
    project: parseWord('project', params['project'] ?? ''),
    ref: parseRef(params['ref'] ?? ''),
    sha1: parseWord('sha1', params['sha1'] ?? ''),
  };
}
