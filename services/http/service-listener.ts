import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import express from 'express';
import type { ErrorRequestHandler } from 'express';
import helmet from 'helmet';
import type { Route } from '../api/route.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { sendAnswer } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import type { Audit } from '../platform/audit-log.ts';
import type { Authenticate } from '../platform/auth.ts';
import { errorAnswer } from '../platform/error-answer.ts';
import { requestBase } from '../platform/forwarded.ts';
import type { Listener } from '../platform/http-server.ts';
import { auditTrail } from './audit-trail.ts';
import { requireAccess } from './exchange.ts';
import type { Anonymous, Exchange } from './exchange.ts';
import { OpenedExchange } from './opened-exchange.ts';
import { badPath } from './path-segments.ts';
import { registrar } from './register.ts';
import type { Register } from './register.ts';

const REQUEST_ID = 'X-Request-Id';

interface RequestLog {
  error(fields: object, message: string): void;
}

/** Makes an exchange of a request for a route, or throws what keeps the caller from it. */
export type OpenExchange = (
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  params: Readonly<Record<string, string>>,
) => Exchange;

export interface ServiceOptions {
  readonly authenticate: Authenticate;
  readonly anonymous: Anonymous;
  readonly trusted: BlockList;
  /** As configured; without it, the URL under which each request came. */
  readonly publicUrl: string | null;
  readonly log: RequestLog;
  readonly audit: Audit;
  /** Registers the routes that express serves. */
  readonly routes: (register: Register) => void;
  /**
   * Looks at each request before express does; null leaves it to express. `refuse` is for handlers
   * that must answer before they have come to their end.
   */
  readonly fast: (
    request: IncomingMessage,
    response: ServerResponse,
    open: OpenExchange,
    refuse: (error: GitbuilderError) => void,
  ) => Answer | Promise<Answer> | null;
}

/**
 * What stands around the handlers of a service: request ids, who calls, what errors become, a fast
 * path for what is asked most, and express for the rest.
 */
export function serviceListener(options: ServiceOptions): Listener {
  const { authenticate, anonymous, trusted, log } = options;
  const trail = auditTrail(options.audit, trusted);

  const baseOf = (request: IncomingMessage) => options.publicUrl ?? requestBase(request, trusted);

  const open: OpenExchange = (request, response, route, params) => {
    const caller = authenticate(request.headers.authorization);
    const requestId = idOf(response);
    const tell = trail(request, response, { route, caller, requestId });
    requireAccess(caller, route.scope, anonymous);
    return new OpenedExchange({ request, response, requestId, caller, params, tell, baseOf });
  };

  const fail = (request: IncomingMessage, response: ServerResponse, cause: unknown): void => {
    const requestId = idOf(response);
    if (!(cause instanceof GitbuilderError)) {
      const { method, url } = request;
      log.error({ err: cause, request_id: requestId, method, url }, 'request failed');
    }
    if (response.headersSent || response.destroyed) response.destroy();
    else sendAnswer(response, errorAnswer(request, cause, requestId));
  };

  const app = expressApp(options, open, fail);
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refuse = (error: GitbuilderError) => fail(request, response, error);
    const answer = options.fast(request, response, open, refuse);
    if (answer === null) app(request, response);
    else sendAnswer(response, await answer);
  };

  return (request, response) => {
    response.setHeader(REQUEST_ID, randomUUID());
    // No browser shall run what somebody uploaded or wrote into a path. Helmet knows only express.
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', "default-src 'none'");
    handle(request, response).catch((cause: unknown) => fail(request, response, cause));
  };
}

/** It stands where the client reads it; a map beside would cost the collector more than the request. */
function idOf(response: ServerResponse): string {
  return String(response.getHeader(REQUEST_ID) ?? '');
}

function expressApp(
  { routes }: ServiceOptions,
  open: OpenExchange,
  fail: (request: IncomingMessage, response: ServerResponse, cause: unknown) => void,
): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Served over plain HTTP too: nothing here may send a browser to https.
  const directives = { upgradeInsecureRequests: null };
  app.use(helmet({ strictTransportSecurity: false, contentSecurityPolicy: { directives } }));
  const { register, finish } = registrar(app, (request, response, route) =>
    // Our paths have no wildcard or repeated parameter, so each is one string.
    open(request, response, route, request.params as Record<string, string>),
  );
  routes(register);
  finish();
  app.use((request) => {
    throw new GitbuilderError('NOT_FOUND', { what: request.path });
  });
  // express knows an error handler by its four parameters
  const onError: ErrorRequestHandler = (cause: unknown, request, response, _next) => {
    // express throws this one for a segment that it cannot decode.
    fail(request, response, cause instanceof URIError ? badPath(request.url, cause) : cause);
  };
  app.use(onError);
  return app;
}
