import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import express from 'express';
import type { ErrorRequestHandler } from 'express';
import helmet from 'helmet';
import type { Registry } from 'prom-client';
import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import type { Log } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { sendAnswer } from '../platform/answer.ts';
import type { Authenticate, Caller } from '../platform/auth.ts';
import { requireScope } from '../platform/auth.ts';
import { errorAnswer } from '../platform/error-answer.ts';
import { requestBase } from '../platform/forwarded.ts';
import type { Listener } from '../platform/http-server.ts';
import { binariesRoutes } from './binaries.ts';
import type { ChacraContext } from './chacra-context.ts';
import { documentRoutes } from './documents.ts';
import { requireAccess } from './exchange.ts';
import type { Anonymous } from './exchange.ts';
import { knownBlobsRoute } from './known-blobs.ts';
import { badPath } from './path-segments.ts';
import { servePublished } from './published.ts';
import { registrar } from './register.ts';
import { keyRoute, reposRoutes } from './repos.ts';
import { searchRoute } from './search.ts';
import { serveUpload, uploadTarget } from './upload.ts';

const PUBLISHED = /^\/r(?:[/?]|$)/;

export interface ChacraAppOptions {
  readonly context: ChacraContext;
  readonly authenticate: Authenticate;
  readonly anonymous: Anonymous;
  readonly trusted: BlockList;
  /** As configured; without it, the URL under which each request came. */
  readonly publicUrl: string | null;
  readonly metrics: Registry;
  readonly log: Log;
}

/**
 * The storage node's HTTP side. Upload bodies and published files go past express, which would be
 * the slowest part of both; everything else is a row of the route table.
 */
export function chacraApp(options: ChacraAppOptions): Listener {
  const { context, authenticate, anonymous, trusted, log } = options;
  const ids = new WeakMap<IncomingMessage, string>();
  const baseOf = (request: IncomingMessage) => options.publicUrl ?? requestBase(request, trusted);
  const callerOf = (request: IncomingMessage): Caller | null =>
    authenticate(request.headers.authorization);

  const fail = (request: IncomingMessage, response: ServerResponse, cause: unknown): void => {
    const requestId = ids.get(request) ?? '';
    if (!(cause instanceof GitbuilderError)) {
      log.error(
        { err: cause, request_id: requestId, method: request.method, url: request.url },
        'request failed',
      );
    }
    if (response.headersSent || response.destroyed) response.destroy();
    else sendAnswer(response, errorAnswer(request, cause, requestId));
  };

  const app = expressApp(options, ids, baseOf, callerOf, fail);

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (PUBLISHED.test(request.url ?? '')) {
      requireAccess(anonymous === 'none' ? callerOf(request) : null, null, anonymous);
      await servePublished(context, request, response, () => baseOf(request));
      return;
    }
    const target = uploadTarget(request);
    if (target === null) {
      app(request, response);
      return;
    }
    const { user } = requireScope(callerOf(request), 'upload');
    await serveUpload(context, request, response, {
      ...target,
      user,
      refuse: (error) => fail(request, response, error),
    });
  };

  return (request, response) => {
    const requestId = randomUUID();
    ids.set(request, requestId);
    response.setHeader('X-Request-Id', requestId);
    // Uploaded files are anybody's: no browser shall run what is in them. Helmet knows only express.
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', "default-src 'none'");
    handle(request, response).catch((cause: unknown) => fail(request, response, cause));
  };
}

function expressApp(
  { context, anonymous, metrics }: ChacraAppOptions,
  ids: WeakMap<IncomingMessage, string>,
  baseOf: (request: IncomingMessage) => string,
  callerOf: (request: IncomingMessage) => Caller | null,
  fail: (request: IncomingMessage, response: ServerResponse, cause: unknown) => void,
): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Served over plain HTTP too: nothing here may send a browser to https.
  const directives = { upgradeInsecureRequests: null };
  app.use(helmet({ strictTransportSecurity: false, contentSecurityPolicy: { directives } }));
  const { register, finish } = registrar(app, (request, response, route) => {
    const caller = callerOf(request);
    requireAccess(caller, route.scope, anonymous);
    return {
      request,
      response,
      requestId: ids.get(request) ?? '',
      caller,
      // Our paths have no wildcard or repeated parameter, so each is one string.
      params: request.params as Record<string, string>,
      query: new URL(request.originalUrl, 'http://localhost').searchParams,
      publicUrl: baseOf(request),
    };
  });
  documentRoutes(register, context, metrics);
  searchRoute(register, context);
  binariesRoutes(register, context);
  reposRoutes(register, context);
  keyRoute(register, context);
  knownBlobsRoute(register, context);
  // Multipart and raw bodies never come here; these two make their methods known to `Allow`.
  for (const routes of [CHACRA_ROUTES.binaries.plain, CHACRA_ROUTES.binaries.flavored]) {
    register(routes.upload, () => {
      throw new GitbuilderError('FILE_FIELD_MISSING');
    });
  }
  for (const routes of [
    CHACRA_ROUTES.binaries.plainBinary,
    CHACRA_ROUTES.binaries.flavoredBinary,
  ]) {
    register(routes.replace, () => {
      throw new GitbuilderError('FILE_FIELD_MISSING');
    });
  }
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
