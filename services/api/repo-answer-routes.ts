import { FORMAT, HELD_REFUSED, NAME_REFUSED, QUERY_REFUSED, REFUSED } from './route-parts.ts';
import type { Route } from './route.ts';
import { WAIT_FOR_PUBLISH } from './waiting.ts';

const REPO = '/api/v1/repos/{project}/{ref}/{sha1}/{distro}/{version}';
const NO_SUCH = { 404: 'no such repo, or no such generation (any more)' } as const;

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
        ...QUERY_REFUSED,
        404: 'no such repo',
      },
    },
    compare: {
      method: 'GET',
      path: `${base}/generations/compare`,
      summary: 'What became of the packages between two generations: added, removed, changed',
      scope: null,
      query: {
        from: 'a number of the list; without it, the one before the live one',
        to: 'a number of the list; without it, the live one',
        ...FORMAT,
      },
      answers: {
        200: 'Difference JSON',
        400: 'there are no two, an unknown or repeated parameter, or a value or name that cannot be',
        ...NO_SUCH,
      },
    },
    generations: {
      method: 'GET',
      path: `${base}/generations/`,
      summary: 'What was published and can still be had, newest first',
      scope: null,
      query: FORMAT,
      answers: {
        200: '`generations`: Generation JSON; `ends`: when the sweep may remove it',
        ...NO_SUCH,
        ...QUERY_REFUSED,
      },
    },
    goBack: {
      method: 'POST',
      path: `${base}/generations/{number}/restore`,
      summary:
        'Publish the packages of an earlier generation again, under the next number; what is uploaded stays, and the next publish shows it',
      scope: 'upload',
      query: WAIT_FOR_PUBLISH,
      answers: {
        200: 'Repo JSON; `generation` is the publish to wait for',
        ...NO_SUCH,
        ...HELD_REFUSED,
        ...REFUSED,
      },
    },
    keep: {
      method: 'PUT',
      path: `${base}/generations/{number}/kept`,
      summary: 'Keep a generation for as long as its repository is there, whatever its time',
      scope: 'admin',
      body: { 'application/json': 'GenerationKeep' },
      answers: {
        200: 'Generation JSON',
        400: 'no reason, or a name that cannot be one',
        ...NO_SUCH,
        ...REFUSED,
      },
    },
    release: {
      method: 'DELETE',
      path: `${base}/generations/{number}/kept`,
      summary: 'Keep it no longer than others; it need not be kept',
      scope: 'admin',
      answers: { 200: 'Generation JSON', ...NO_SUCH, ...NAME_REFUSED, ...REFUSED },
    },
  } as const satisfies Record<string, Route>;
}

/** What can be asked of one repository and its generations. */
export const REPO_ANSWER_ROUTES = {
  plain: routesOf(REPO),
  flavored: routesOf(`${REPO}/flavors/{flavor}`),
} as const;
