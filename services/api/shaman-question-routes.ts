import { FORMAT, HELD_REFUSED } from './route-parts.ts';
import type { Route } from './route.ts';
import { LONGEST_WAIT_SECONDS } from './waiting.ts';

/** Rows of one answer of the search; without `limit`, fewer. */
export const MOST_ROWS = 1000;
export const USUAL_ROWS = 100;

const WAIT = {
  wait: `seconds, at most ${LONGEST_WAIT_SECONDS}: hold the answer until it is so, or failed, or the time is up ("done": false)`,
} as const;
const PLATFORMS =
  'xenial, centos7, debian/12, noble/arm64, ubuntu/22.04/x86_64 …; several with commas';
const CONDITIONAL = { 'If-None-Match': 'ETag of an earlier answer' } as const;
const UNCHANGED = { 304: 'as the ETag says that you have it' } as const;

/** Questions answered in one request, held until they are settled, and the stream of all changes. */
export const QUESTION_ROUTES = {
  latest: {
    method: 'GET',
    path: '/api/v1/latest',
    summary:
      'The newest sha1 of a ref that is ready on all platforms; what the newest of all lacks',
    scope: null,
    query: {
      project: 'needed',
      ref: 'needed',
      platforms: `needed: ${PLATFORMS}`,
      flavor: 'without it `default`',
      allow_partial: '`1`: the newest sha1 that is ready on any of the platforms',
      ...WAIT,
      ...FORMAT,
    },
    headers: CONDITIONAL,
    answers: { 200: 'Latest JSON; "sha1": null when there is none', ...UNCHANGED, ...HELD_REFUSED },
  },
  matrix: {
    method: 'GET',
    path: '/api/v1/matrix',
    summary: 'Is a sha1 built? Every distro, version, arch and flavor of it, and what is missing',
    scope: null,
    query: {
      project: 'needed',
      sha1: 'this or a ref is needed',
      ref: 'without a sha1: the one first seen last under it',
      platforms: `only these: ${PLATFORMS}`,
      flavor: 'without it `default` where platforms are given, else all',
      generation: 'with a sha1 and one platform: this publish of the repository, or a later one',
      ...WAIT,
      ...FORMAT,
    },
    headers: CONDITIONAL,
    answers: { 200: 'Matrix JSON; "built" is the yes or no', ...UNCHANGED, ...HELD_REFUSED },
  },
  search: {
    method: 'GET',
    path: '/api/v1/search',
    summary: 'Repositories by their properties, all filters together, newest modified first',
    scope: null,
    query: {
      project: 'exact',
      ref: 'exact, or a pattern: `*` stands for anything',
      sha1: 'exact',
      flavor: 'exact',
      status: 'exact',
      platforms: `any of them: ${PLATFORMS}`,
      arch: 'by any of its names',
      since: 'modified at or after this time (RFC 3339)',
      until: 'modified before this time',
      'extra.NAME': 'the text of this field of `extra`',
      limit: `rows of one answer, at most ${MOST_ROWS}; without it ${USUAL_ROWS}`,
      cursor: '`next` of the answer before',
      wait: `seconds, at most ${LONGEST_WAIT_SECONDS}: hold the answer until there is a row; needs project and a sha1 or exact ref`,
      ...FORMAT,
    },
    headers: CONDITIONAL,
    answers: {
      200: '{"repos": [Repo JSON], "next": cursor or null}',
      ...UNCHANGED,
      ...HELD_REFUSED,
    },
  },
  events: {
    method: 'GET',
    path: '/api/v1/events',
    summary:
      'Server-sent events `repo` and `build` for each change; `resync` when some were missed',
    scope: null,
    query: {
      project: 'only this one',
      ref: 'only this one',
      sha1: 'only this one',
      last_event_id: 'as the header Last-Event-ID, for clients that cannot set it',
    },
    headers: { 'Last-Event-ID': 'go on after this event' },
    answers: { 200: 'text/event-stream', ...HELD_REFUSED },
  },
} as const satisfies Record<string, Route>;
