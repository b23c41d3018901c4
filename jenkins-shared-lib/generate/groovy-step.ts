import { variableOf } from '../catalogue/step.ts';
import type { Param, Step, StepRequest } from '../catalogue/step.ts';
import { groovyLiteral } from './groovy-text.ts';
import type { Value } from './groovy-text.ts';

const RESOURCES = 'org/ceph/gitbuilder/';

/** `vars/<step>.groovy`: the step's facts as a map, and one call. */
export function groovyStep(step: Step, source: string): string {
  const { body } = step;
  const classes = ['StepRunner', ...(body.kind === 'class' ? [body.name] : [])].sort();
  return [
    `// Generated from ${source}. Change that file, then run \`npm run generate\`.`,
    'import groovy.transform.Field',
    ...classes.map((name) => `import org.ceph.gitbuilder.${name}`),
    '',
    `// ${whoReads(body)}`,
    `@Field final Map STEP = ${groovyLiteral(facts(step))}`,
    '',
    ...calls(step),
  ].join('\n');
}

/** What the map is for, to whoever looks at the file in Jenkins. */
function whoReads(body: Step['body']): string {
  switch (body.kind) {
    case 'shell':
      return 'StepRunner checks the arguments, and runs these scripts of resources/ on the agent with the arguments as variables.';
    case 'request':
      return 'StepRunner checks the arguments, and makes this request.';
    case 'class':
      return `StepRunner checks the arguments; what is done then stands in src/${RESOURCES}${body.name}.groovy.`;
  }
}

function calls(step: Step): string[] {
  const { body, positional, shape } = step;
  const returns = returnType(step);
  const give = returns === 'void' ? '' : 'return ';
  const runner = 'new StepRunner(this, STEP)';
  const target = body.kind === 'class' ? `new ${body.name}(${runner})` : runner;
  const method = (takes: string, does: string) => [
    `${returns} call(${takes}) {`,
    `    ${give}${does}`,
    '}',
    '',
  ];
  const closure = shape === 'wraps' ? ', Closure body' : '';
  const handed = shape === 'wraps' ? ', body' : '';
  const usual = shape === 'wraps' ? '' : ' = [:]';
  return [
    ...method(`Map args${usual}${closure}`, `${target}.run(args${handed})`),
    ...(positional === undefined
      ? []
      : method(`String ${positional}${closure}`, `call([${positional}: ${positional}]${handed})`)),
  ];
}

function returnType({ shape, answer }: Step): string {
  if (shape === 'wraps') return 'Object';
  if (shape === 'does') return 'void';
  return answer?.type ?? 'Object';
}

/** What StepRunner needs to know; help is for people and stays out. */
function facts({ name, params, body, answer }: Step): Value {
  return {
    name,
    params: Object.fromEntries(
      Object.entries(params).map(([param, each]) => [param, paramFacts(param, each, body.kind)]),
    ),
    ...bodyFacts(body, Object.keys(answer?.fields ?? {})),
  };
}

function paramFacts(name: string, param: Param, kind: Step['body']['kind']): Value {
  const { type, required, default: usual, from, oneOf } = param;
  return {
    type,
    required,
    usual,
    from,
    oneOf,
    variable: kind === 'shell' && name !== 'credentials' ? variableOf(name) : undefined,
  };
}

function bodyFacts(body: Step['body'], fields: readonly string[]): Record<string, Value> {
  switch (body.kind) {
    case 'shell':
      return { shell: body.resources.map((name) => `${RESOURCES}${name}`) };
    case 'request':
      return {
        request: requestFacts(body.request),
        answer: body.answer === 'fields' ? fields : body.answer,
      };
    case 'class':
      return {
        requests: Object.fromEntries(
          Object.entries(body.requests).map(([name, request]) => [name, requestFacts(request)]),
        ),
      };
  }
}

function requestFacts({ to, route, path, query, json, accepts }: StepRequest): Value {
  return {
    method: route.method,
    to,
    path: route.path.replace(/\{(\w+)\}/g, (_whole, name: string) => `{${path?.[name] ?? name}}`),
    query,
    json,
    accepts,
    needsKey: route.scope === null ? undefined : true,
  };
}
