import { z } from 'zod';
import type { Route } from './route.ts';

/** A tree of routes, named for where they are served; only the leaves matter here. */
export interface RouteTree {
  readonly [name: string]: Route | RouteTree;
}

function isRoute(node: Route | RouteTree): node is Route {
  return typeof node['method'] === 'string';
}

/** What every route may answer besides its own; all that is refused has this body. */
const OTHERWISE = {
  description:
    'refused, and why: 401 where nobody reads without a key, 405 another method, 413 too large a body, 500 a fault here, 503 about to stop',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorBody' } } },
};

/** Every route of a tree, in the order in which it was written. */
export function routesOf(tree: RouteTree): Route[] {
  return Object.values(tree).flatMap((node) => (isRoute(node) ? [node] : routesOf(node)));
}

/** The OpenAPI 3.1 description of a service, from the same table and schemas that serve it. */
export function openApiDocument(options: {
  readonly title: string;
  readonly version: string;
  readonly server: string;
  readonly routes: RouteTree;
  readonly schemas: Readonly<Record<string, z.ZodType>>;
}): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routesOf(options.routes)) {
    const item = (paths[route.path] ??= {});
    item[route.method.toLowerCase()] = operation(route, options.schemas);
  }
  return {
    openapi: '3.1.0',
    info: { title: options.title, version: options.version },
    servers: [{ url: options.server }],
    paths,
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      schemas: Object.fromEntries(
        Object.entries(options.schemas).map(([name, schema]) => [name, z.toJSONSchema(schema)]),
      ),
    },
  };
}

const FORM = 'multipart/form-data';
const BYTES = { type: 'string', format: 'binary' };

/** The one form there is: a file, and whether it may replace other bytes. */
function formSchema(description: string): object {
  const properties = { file: BYTES, force: { type: 'string' } };
  return { type: 'object', description, required: ['file'], properties };
}

function operation(route: Route, schemas: Readonly<Record<string, z.ZodType>>): object {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const parameter = (where: string, required: boolean) => (name: string, description?: string) => ({
    name,
    in: where,
    required,
    schema: { type: 'string' },
    ...(description === undefined ? {} : { description }),
  });
  const body = new Map(
    Object.entries(route.body ?? {}).map(([type, what]) => [
      type,
      what in schemas
        ? { schema: { $ref: `#/components/schemas/${what}` } }
        : { schema: type === FORM ? formSchema(what) : { ...BYTES, description: what } },
    ]),
  );
  return {
    summary: route.summary,
    ...(route.scope === null
      ? {}
      : { security: [{ basic: [] }, { bearer: [] }], 'x-scope': route.scope }),
    parameters: [
      ...names.map((name) => parameter('path', true)(name)),
      ...Object.entries(route.query ?? {}).map(([n, d]) => parameter('query', false)(n, d)),
      ...Object.entries(route.headers ?? {}).map(([n, d]) => parameter('header', false)(n, d)),
    ],
    ...(body.size === 0 ? {} : { requestBody: { content: Object.fromEntries(body) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, description]) => [status, { description }]),
      ),
      default: OTHERWISE,
    },
  };
}
