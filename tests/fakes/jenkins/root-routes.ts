import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { containerPage, errorPage, json, logInFirst, page } from './answers.ts';
import type { Answer } from './answers.ts';
import { missing, shown } from './ask.ts';
import type { Ask } from './ask.ts';
import { computerRoutes } from './computer-routes.ts';
import { labelJson } from './job-json.ts';
import { jobRoutes } from './job-routes.ts';
import { jobStub } from './queue-json.ts';
import { queueRoutes } from './queue-routes.ts';
import { newToken } from './users.ts';
import type { Login } from './users.ts';
import type { World } from './world.ts';

/** What a controller keeps that is no part of its world: keys, tokens, its `agent.jar`. */
export interface Office {
  readonly controllerKey: string;
  /** Tokens made by request -> whose. */
  readonly tokens: Map<string, string>;
  readonly agentJar: Uint8Array | null;
  /** What stand-in agents are told: milliseconds between two tries. */
  readonly agentPause: number;
}

const JAR_MODIFIED = 'Mon, 02 Sep 2024 10:00:00 GMT';

/** Answers a request whose log-in was read. */
export function answer(
  world: World,
  ask: Ask,
  office: Office,
  login: Login,
  headers: IncomingHttpHeaders,
): Answer {
  const [first] = ask.path;
  if (first === 'login') {
    const { headers, ...rest } = page(ask, 'Sign in to Jenkins');
    return { ...rest, headers: { ...headers, 'X-Stand-In-Pause': String(office.agentPause) } };
  }
  if (first === 'jnlpJars') return agentJar(ask, office);
  if (first === 'wsagents') return errorPage(ask, 400);
  if (first === 'tcpSlaveAgentListener') return errorPage(ask, 404);
  // A token needs no crumb; a password does, with the cookie of its session.
  const byToken = login.kind === 'user' && login.by === 'token';
  if (ask.method === 'POST' && !byToken && !hasCrumb(office, ask, headers))
    return containerPage(403, 'No valid crumb was included in the request');
  if (first === 'whoAmI') return whoAmI(ask);
  if (ask.user === null) return logInFirst(ask, ask.rawPath);
  return routed(world, ask, office);
}

function routed(world: World, ask: Ask, office: Office): Answer {
  const [first, second] = ask.path;
  switch (first) {
    case 'queue':
      return queueRoutes(world, ask);
    case 'computer':
      return computerRoutes(world, ask, office.controllerKey);
    case 'job':
      return jobRoutes(world, ask);
    case 'label':
      return missing(ask, 'Overall/Read') ?? labels(world, ask);
    case 'crumbIssuer':
      return missing(ask, 'Overall/Read') ?? crumb(ask, office);
    case 'me':
      return ask.rawPath.endsWith('/generateNewToken')
        ? generateToken(ask, office)
        : errorPage(ask, 404);
    case 'quietDown':
    case 'cancelQuietDown':
      return quiet(world, ask, first === 'quietDown');
    case undefined:
      return missing(ask, 'Overall/Read') ?? page(ask, 'Dashboard');
    case 'api':
      return second === 'json' ? root(world, ask) : errorPage(ask, 404);
    default:
      return missing(ask, 'Overall/Read') ?? errorPage(ask, 404);
  }
}

function agentJar(ask: Ask, { agentJar: jar }: Office): Answer {
  if (jar === null || ask.path[1] !== 'agent.jar') return errorPage(ask, 404);
  const headers = {
    'Content-Type': 'application/java-archive',
    'Last-Modified': JAR_MODIFIED,
    Expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
    'Accept-Ranges': 'bytes',
    'Content-Disposition': 'attachment; filename=agent.jar',
    'Content-Length': String(jar.length),
  };
  return { status: 200, headers, body: ask.method === 'HEAD' ? '' : jar };
}

function whoAmI(ask: Ask): Answer {
  const value = {
    _class: 'hudson.security.WhoAmI',
    anonymous: ask.user === null,
    authenticated: ask.user !== null,
    authorities: ask.user === null ? [] : ['authenticated'],
    name: ask.user?.name ?? 'anonymous',
  };
  return ask.user === null ? logInFirst(ask, ask.rawPath) : json(ask, value);
}

function labels(world: World, ask: Ask): Answer {
  // Slashes cannot be part of a label here; the text between is one segment.
  const value = labelJson(world, ask.path[1] ?? '', ask);
  return json(
    ask,
    shown(ask, value, (all) => all),
  );
}

function crumbFor(office: Office, user: string, session: string): string {
  return createHmac('sha256', office.controllerKey).update(`${user} ${session}`).digest('hex');
}

function crumb(ask: Ask, office: Office): Answer {
  const session = randomBytes(16).toString('hex');
  const answered = json(ask, {
    _class: 'hudson.security.csrf.DefaultCrumbIssuer',
    crumb: crumbFor(office, ask.user?.name ?? '', session),
    crumbRequestField: 'Jenkins-Crumb',
  });
  const cookie = `JSESSIONID.fake=${session}; Path=/; HttpOnly`;
  return { ...answered, headers: { ...answered.headers, 'Set-Cookie': cookie } };
}

function hasCrumb(office: Office, ask: Ask, headers: IncomingHttpHeaders): boolean {
  const session = /JSESSIONID\.fake=([0-9a-f]+)/.exec(headers.cookie ?? '')?.[1];
  if (session === undefined || ask.user === null) return false;
  return headers['jenkins-crumb'] === crumbFor(office, ask.user.name, session);
}

function generateToken(ask: Ask, office: Office): Answer {
  const tokenValue = newToken();
  office.tokens.set(tokenValue, ask.user?.name ?? '');
  const tokenName = ask.form.get('newTokenName') ?? '';
  const data = { tokenName, tokenUuid: randomUUID(), tokenValue };
  const { headers, ...rest } = json(ask, { status: 'ok', data });
  // Of the answers in JSON this one alone carries no version.
  return { ...rest, headers: { 'Content-Type': headers['Content-Type'] ?? '' } };
}

function quiet(world: World, ask: Ask, quieting: boolean): Answer {
  const refusal = missing(ask, 'Overall/Administer');
  if (refusal !== null) return refusal;
  world.quieting = quieting;
  world.changed();
  return { status: 302, headers: { Location: `${ask.origin}.` }, body: '' };
}

function root(world: World, ask: Ask): Answer {
  const refusal = missing(ask, 'Overall/Read');
  if (refusal !== null) return refusal;
  const jobs = ask.mayReadJobs ? [...world.jobs.values()].map((job) => jobStub(job, ask)) : [];
  const value = {
    _class: 'hudson.model.Hudson',
    assignedLabels: [{ name: 'built-in' }],
    mode: 'NORMAL',
    nodeDescription: "the Jenkins controller's built-in node",
    nodeName: '',
    numExecutors: world.builtInExecutors.length,
    description: null,
    jobs,
    quietingDown: world.quieting,
    slaveAgentPort: -1,
    url: ask.rootUrl,
    useCrumbs: true,
    useSecurity: true,
    views: [],
  };
  return json(
    ask,
    shown(ask, value, (all) => all),
  );
}
