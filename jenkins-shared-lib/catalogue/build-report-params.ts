import { CREDENTIALS, COMMIT, FLAVOR, SHAMAN } from './params.ts';
import type { Param, StepRequest } from './step.ts';
import { SHAMAN_ROUTES } from '../../services/api/shaman-routes.ts';

/** What a report of a build says besides its status. */
export const REPORT_PARAMS = {
  ...COMMIT,
  distro: { type: 'string', help: 'of the cell; a build that has no cells yet does not say it' },
  distroVersion: { type: 'string', help: 'of the cell: codename for apt, number for yum' },
  arch: { type: 'string', help: 'of the cell' },
  ...FLAVOR,
  extra: {
    type: 'map',
    help: 'more facts, such as version; job_name and node_name are there by themselves',
  },
  buildUrl: { type: 'string', from: 'BUILD_URL', help: 'address of the build' },
  logUrl: { type: 'string', help: 'address of its log; without it the console of buildUrl' },
  ...SHAMAN,
  ...CREDENTIALS,
} as const satisfies Record<string, Param>;

/** The report itself. `status` and `logUrl` are what the class found out. */
export const REPORT = {
  to: 'shaman',
  route: SHAMAN_ROUTES.builds.record,
  json: {
    url: 'buildUrl',
    log_url: 'logUrl',
    status: 'status',
    ref: 'ref',
    sha1: 'sha1',
    flavor: 'flavor',
    distro: 'distro',
    distro_version: 'distroVersion',
    distro_arch: 'arch',
    extra: 'extra',
  },
  accepts: 'json',
} as const satisfies StepRequest;
