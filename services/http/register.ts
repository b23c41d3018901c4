import type { Express, Request, Response } from 'express';
import type { Route } from '../api/route.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { sendAnswer } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import type { Exchange } from './exchange.ts';
import { withSlash } from './url-parts.ts';

export type Handler = (exchange: Exchange) => Answer | Promise<Answer>;
export type Register = (route: Route, handler: Handler) => void;

/** What turns an express request into an exchange, checking access on the way. */
export type Open = (request: Request, response: Response, route: Route) => Exchange;

/**
 * Registers routes of the table with express. As in the original, a path that ends in "/" is
 * canonical with it: reading without is redirected, writing without is served. A path that comes
 * first has its URLs to itself, with all methods: `flavors/` is no binary of that name.
 */
export function registrar(app: Express, open: Open): { register: Register; finish: () => void } {
  const paths = new Map<string, Array<{ readonly route: Route; readonly handler: Handler }>>();
  const register: Register = (route, handler) => {
    const path = expressPath(route.path);
    const rows = paths.get(path) ?? [];
    paths.set(path, rows);
    rows.push({ route, handler });
  };
  const finish = (): void => {
    for (const [path, rows] of paths) {
      for (const { route, handler } of rows) {
        const serve = async (request: Request, response: Response): Promise<void> => {
          const exchange = open(request, response, route);
          const redirect = missingSlash(request, route, exchange.publicUrl);
          sendAnswer(response, redirect ?? (await handler(exchange)));
        };
        addRoute(app, route.method, path, serve);
      }
      const methods = new Set(rows.map(({ route }) => route.method));
      if (methods.has('GET')) methods.add('HEAD');
      const allow = [...methods].sort().join(', ');
      app.all(path, (request) => {
        throw new GitbuilderError('METHOD_NOT_ALLOWED', { method: request.method, allow });
      });
    }
  };
  return { register, finish };
}

function addRoute(
  app: Express,
  method: Route['method'],
  path: string,
  serve: (request: Request, response: Response) => Promise<void>,
): void {
  switch (method) {
    case 'GET':
      app.get(path, serve);
      return;
    case 'HEAD':
      app.head(path, serve);
      return;
    case 'POST':
      app.post(path, serve);
      return;
    case 'PUT':
      app.put(path, serve);
      return;
    case 'DELETE':
      app.delete(path, serve);
      return;
  }
}

/** `{name}` is a parameter in our table, `:name` in express's. */
function expressPath(path: string): string {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return plain.replace(/\{(\w+)\}/g, ':$1');
}

function missingSlash(request: Request, route: Route, publicUrl: string): Answer | null {
  if (route.method !== 'GET' || !route.path.endsWith('/')) return null;
  const location = withSlash(request.originalUrl, publicUrl);
  return location === null ? null : { kind: 'redirect', location };
}
