import { NAME_REFUSED, REFUSED } from './route-parts.ts';
import type { Route } from './route.ts';

const PIN = '/api/v1/pins/{project}/{ref}/{sha1}';

/** What goes by the rules of retention, and when. */
export const RETENTION_ROUTES = {
  plan: {
    method: 'GET',
    path: '/api/v1/retention',
    summary:
      'A dry run: which builds would go now and why, and which are spared though their time is over',
    scope: 'admin',
    answers: { 200: 'RetentionPlan JSON', ...REFUSED },
  },
  run: {
    method: 'POST',
    path: '/api/v1/retention/run',
    summary: 'Carry the rules out now; the answer comes when the run has begun',
    scope: 'admin',
    answers: { 202: 'RetentionRun JSON', 409: 'a run is under way', ...REFUSED },
  },
  last: {
    method: 'GET',
    path: '/api/v1/retention/run',
    summary: 'The run under way, or the last one since the start',
    scope: 'admin',
    answers: { 200: 'RetentionRun JSON, or null', ...REFUSED },
  },
} as const satisfies Record<string, Route>;

/** What the binaries of each project and ref take. */
export const DISK_USE_ROUTE = {
  method: 'GET',
  path: '/api/v1/disk-use',
  summary:
    'What each project and ref takes, of at most half a minute ago. `bytes` counts every binary; `stored_bytes` each blob once per row, shared or not; `exclusive_bytes` only what no other row names, which is what deleting it would free',
  scope: null,
  answers: { 200: 'DiskUse JSON' },
} as const satisfies Route;

/** What stays whatever the rules say. */
export const PIN_ROUTES = {
  list: {
    method: 'GET',
    path: '/api/v1/pins/',
    summary: 'The pins of this node',
    scope: null,
    answers: { 200: 'a list of Pin JSON' },
  },
  put: {
    method: 'PUT',
    path: PIN,
    summary: 'Keep everything of a sha1, whatever the rules of retention say',
    scope: 'admin',
    body: { 'application/json': 'PinSettings' },
    answers: {
      200: 'Pin JSON',
      400: 'no reason, an end that is over, or a name that cannot be one',
      404: 'this node has no such sha1',
      ...REFUSED,
    },
  },
  remove: {
    method: 'DELETE',
    path: PIN,
    summary: 'End a pin; there need not be one',
    scope: 'admin',
    answers: { 204: 'it is not pinned', ...NAME_REFUSED, ...REFUSED },
  },
} as const satisfies Record<string, Route>;
