import { Validator } from '@seriousme/openapi-schema-validator';
import t from 'tap';
import { CHACRA_ROUTES, SEARCH_FILTERS } from '../../services/api/chacra-routes.ts';
import { BinaryMetadata, CHACRA_SCHEMAS, RepoSettings } from '../../services/api/chacra-schemas.ts';
import { openApiDocument, routesOf } from '../../services/api/openapi.ts';
import { ago, naiveTime } from '../../services/api/wire-time.ts';

interface Operation {
  readonly summary: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
  }[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly security?: readonly object[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
  };
  readonly 'x-scope'?: string;
}

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** As a client gets it: through JSON, and then its fields are what the validator below says they are. */
function received(): Document {
  const made = openApiDocument({
    title: 'gitbuilder chacra',
    version: '1',
    server: 'https://1.chacra.example/',
    routes: CHACRA_ROUTES,
    schemas: CHACRA_SCHEMAS,
  });
  return JSON.parse(JSON.stringify(made)) as Document;
}

t.test('the document is valid OpenAPI 3.1', async (t) => {
  const document = received();
  t.match(document.openapi, /^3\.1\.\d$/);
  const { valid, errors } = await new Validator().validate({ ...document });
  t.equal(valid, true, JSON.stringify(errors, null, 2));
  const broken = { ...document, paths: { 'no-slash': {} } };
  t.equal((await new Validator().validate(broken)).valid, false, 'the validator can refuse');
});

t.test('every route is described, with all it can answer', (t) => {
  const { paths, components } = received();
  const routes = routesOf(CHACRA_ROUTES);
  const keys = routes.map(({ method, path }) => `${method} ${path}`);
  t.ok(routes.length > 50, `${routes.length} routes`);
  t.equal(new Set(keys).size, keys.length, 'no route hides another one');
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  t.same(described.sort(), keys.sort());
  for (const route of routes) {
    const name = `${route.method} ${route.path}`;
    const operation = paths[route.path]?.[route.method.toLowerCase()];
    if (operation === undefined) throw new Error(`${name} is missing`);
    t.same(Object.keys(operation.responses), [...Object.keys(route.answers), 'default'], name);
    t.ok(Object.values(operation.responses).every(({ description }) => description !== ''));
    const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
    t.same(
      inPath.map((parameter) => `{${parameter.name}}`),
      route.path.match(/\{\w+\}/g) ?? [],
    );
    t.ok(inPath.every(({ required }) => required));
    // What changes something needs a scope, and says that it may be refused.
    const isWrite = ['POST', 'PUT', 'DELETE'].includes(route.method);
    if (isWrite) t.not(route.scope, null, name);
    t.equal(operation.security !== undefined, route.scope !== null, name);
    t.equal('401' in operation.responses && '403' in operation.responses, route.scope !== null);
    for (const { schema } of Object.values(operation.requestBody?.content ?? {})) {
      const named = schema.$ref?.replace('#/components/schemas/', '');
      if (named !== undefined) t.ok(named in components.schemas, `${name} takes a ${named}`);
    }
  }
  const uploads = Object.values(paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ requestBody }) =>
      Object.entries(requestBody?.content ?? {}).filter(([type]) => type.startsWith('multipart/')),
    ),
  );
  t.equal(uploads.length, 4, 'with and without a flavor');
  const form = { type: 'object', required: ['file'], properties: { file: { format: 'binary' } } };
  for (const [, { schema }] of uploads) t.match(schema, form, 'as a generated client sends it');
  const search = paths['/search/']?.['get'];
  const known = search?.parameters.map(({ name }) => name);
  t.same(known, [...SEARCH_FILTERS, 'limit', 'cursor']);
  t.end();
});

t.test('what is described is what is checked', (t) => {
  const { schemas } = received().components;
  t.match(schemas['RepoSettings'], {
    properties: { type: { enum: ['deb', 'rpm', 'raw'] } },
    additionalProperties: false,
  });
  t.match(schemas['BinaryMetadata'], { required: ['name'] });
  for (const [body, isGood] of [
    [{ type: 'raw' }, true],
    [{ needs_update: true, ref: 'main' }, true],
    [{}, false],
    [{ type: 5 }, false],
    [{ type: 'zip' }, false],
    [{ signed: true }, false],
    [['raw'], false],
    [null, false],
  ] as const) {
    t.equal(RepoSettings.safeParse(body).success, isGood, JSON.stringify(body));
  }
  const unnamed = BinaryMetadata.safeParse({ built_by: 'ci' });
  t.match(unnamed.error?.issues, [{ message: "could not find required key: 'name'" }]);
  t.end();
});

t.test('times as the original writes them', (t) => {
  t.equal(naiveTime('2026-11-22T13:34:54.846Z'), '2026-11-22 13:34:54.846000');
  t.equal(naiveTime('2026-11-22T13:34:54Z'), '2026-11-22 13:34:54.000000');
  const now = new Date('2026-11-22T13:34:54Z');
  for (const [then, said] of [
    ['2026-11-22T13:34:16Z', '38 seconds ago'],
    ['2026-11-22T13:34:54Z', '0 seconds ago'],
    ['2026-11-22T14:00:00Z', '0 seconds ago'],
    ['2026-11-20T12:33:53Z', '2 days, 1 hour, 1 minute, 1 second ago'],
  ] as const) {
    t.equal(ago(then, now), said);
  }
  t.end();
});
