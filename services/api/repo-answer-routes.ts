import type { Route } from './route.ts';

const REPO = '/api/v1/repos/{project}/{ref}/{sha1}/{distro}/{version}';
const FORMAT = {
  format: '`text`: one fact a line, as with `Accept: text/plain`; `json`: the default',
} as const;

function routesOf(base: string) {
  return {
    why: {
      method: 'GET',
      path: `${base}/why`,
      summary:
        'Why is this package in this repository, or not? What it is made of and by which setting, and what depends on it',
      scope: null,
      query: {
        package:
          'a package or file name, in which `*` stands for anything; without it, none are listed',
        ...FORMAT,
      },
      answers: {
        200: 'Explanation JSON; `state` of a package: published, next, ends, left-out or file',
        400: 'an unknown parameter',
        404: 'no such repo',
      },
    },
  } as const satisfies Record<string, Route>;
}

/** What can be asked of one repository and its generations. */
export const REPO_ANSWER_ROUTES = {
  plain: routesOf(REPO),
  flavored: routesOf(`${REPO}/flavors/{flavor}`),
} as const;
