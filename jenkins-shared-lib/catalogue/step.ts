import type { Route } from '../../services/api/route.ts';

/** What an argument may hold: `strings` is one text or a list of texts, `map` becomes a JSON object. */
export type ParamType = 'string' | 'boolean' | 'integer' | 'strings' | 'map' | 'list' | 'closure';

/** One argument of a step. */
export interface Param {
  readonly type: ParamType;
  /** What it means, for the help of Jenkins and docs/steps.md. */
  readonly help: string;
  readonly required?: true;
  /** Stands in for an argument that is not given. */
  readonly default?: string | number | boolean;
  /** The environment variable of the job that stands in for it, before `default`. */
  readonly from?: string;
  readonly oneOf?: readonly string[];
}

/** The services that a step speaks to; each address is the argument of that name. */
export type Server = 'shaman' | 'chacra' | 'agents';

/** A request in terms of the step's arguments: wire name -> argument. */
export interface StepRequest {
  readonly to: Server;
  readonly route: Route;
  /** Where the name in the path is not the argument's. */
  readonly path?: Readonly<Record<string, string>>;
  /** What is not given is not sent. */
  readonly query?: Readonly<Record<string, string>>;
  /** Fields of a JSON body, or the one argument that is the whole of it. */
  readonly json?: Readonly<Record<string, string>> | string;
  /** The form that is asked for; scripts without a JSON parser read facts, one a line. */
  readonly accepts: 'text' | 'json';
}

/** What a step does when it is called. */
export type Body =
  /** POSIX sh, run on the agent: these resources, one after the other; arguments are its environment. */
  | { readonly kind: 'shell'; readonly resources: readonly string[] }
  /**
   * One request made through the HTTP Request plugin, outside `node` by the controller. Its answer is
   * a text, the fields that the step's answer names, or nothing.
   */
  | {
      readonly kind: 'request';
      readonly request: StepRequest;
      readonly answer: 'text' | 'fields' | 'none';
    }
  /** Written by hand in `src/`: several requests, or what goes around a closure. */
  | {
      readonly kind: 'class';
      readonly name: string;
      readonly requests: Readonly<Record<string, StepRequest>>;
      /** Names that requests use and that the class puts beside the arguments. */
      readonly adds?: readonly string[];
    };

/** What a step that asks gives back. */
export interface StepAnswer {
  readonly type: 'String' | 'Map' | 'boolean';
  readonly help: string;
  /** Of a map. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** A step of the shared library: everything that its Groovy, its help and its documentation say. */
export interface Step {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** What a reader should know besides: what is retried, where it runs, when it fails. */
  readonly details: readonly string[];
  /** `does` something, `asks` and gives an answer back, or `wraps` a closure. */
  readonly shape: 'does' | 'asks' | 'wraps';
  readonly params: Readonly<Record<string, Param>>;
  /** The argument that may be given alone, without its name. */
  readonly positional?: string;
  readonly answer?: StepAnswer;
  readonly body: Body;
  /** Pipeline code, as it stands in a Jenkinsfile. */
  readonly example: string;
}

interface Types {
  readonly string: string;
  readonly boolean: boolean;
  readonly integer: number;
  readonly strings: string | readonly string[];
  readonly map: Readonly<Record<string, unknown>>;
  readonly list: readonly unknown[];
  readonly closure: never;
}

type ArgumentOf<P extends Param> = P extends { readonly oneOf: readonly (infer T)[] }
  ? T
  : Types[P['type']];

/** Those that nothing can stand in for. */
type RequiredOf<P extends Step['params']> = {
  [K in keyof P]: P[K] extends { readonly required: true }
    ? P[K] extends { readonly from: string }
      ? never
      : K
    : never;
}[keyof P];

/** The arguments of a step as TypeScript sees them, inferred from its entry. */
export type StepArgs<S extends Step> = {
  readonly [K in RequiredOf<S['params']>]: ArgumentOf<S['params'][K]>;
} & {
  readonly [K in Exclude<keyof S['params'], RequiredOf<S['params']>>]?: ArgumentOf<S['params'][K]>;
};

/** The environment variable that carries an argument to a shell body. */
export function variableOf(param: string): string {
  return `GITBUILDER_${param.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
