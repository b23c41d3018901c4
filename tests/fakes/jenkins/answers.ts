import { randomBytes, randomUUID } from 'node:crypto';
import { headerText } from './node-names.ts';
import { permissionId } from './users.ts';
import type { Permission, User } from './users.ts';

/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Which run of which version answers: `X-Jenkins` and `X-Jenkins-Session`. */
export interface Stamp {
  readonly version: string;
  readonly session: string;
}

const HTML = 'text/html;charset=utf-8';

function stamped(stamp: Stamp): Record<string, string> {
  return { 'X-Jenkins': stamp.version, 'X-Jenkins-Session': stamp.session };
}

/** 200 of any `…/api/json`. */
export function json(stamp: Stamp, value: unknown): Answer {
  const headers = {
    ...stamped(stamp),
    'Content-Type': 'application/json;charset=utf-8',
    'X-Frame-Options': 'deny',
    'X-Content-Type-Options': 'nosniff',
  };
  return { status: 200, headers, body: JSON.stringify(value) };
}

/** 200 of an HTML page. */
export function page(stamp: Stamp, text: string): Answer {
  const headers = { ...stamped(stamp), 'X-Hudson': '1.395', 'X-Instance-Identity': 'MIIB' };
  return { status: 200, headers: { ...headers, 'Content-Type': HTML }, body: htmlOf(text) };
}

/** 200 of what is neither JSON nor HTML: it carries no version. */
export function text(type: string, body: string, more: Record<string, string> = {}): Answer {
  return { status: 200, headers: { 'Content-Type': type, ...more }, body };
}

/** 201, 302 and 303 lead somewhere and say nothing else. */
export function leadsTo(status: 201 | 302 | 303, location: string): Answer {
  return { status, headers: { Location: location, 'Content-Length': '0' }, body: '' };
}

/** 204 of a cancelled item. */
export const nothing: Answer = { status: 204, headers: {}, body: '' };

/** 400 with its reason in `X-Error`, whose curly quotes arrive as blanks. */
export function refused(stamp: Stamp, reason: string): Answer {
  const answer = errorPage(stamp, 400, reason);
  return { ...answer, headers: { ...answer.headers, 'X-Error': headerText(reason).trim() } };
}

/** Jenkins' own error pages: HTML, also below `/api/json`. */
export function errorPage(stamp: Stamp, status: number, reason?: string): Answer {
  const body =
    status === 404 && reason === undefined
      ? 'Not Found: This page may not exist, or you may not have permission to see it.'
      : (reason ??
        `Oops! A problem occurred while processing the request. Logging ID=${randomUUID()}`);
  const headers = {
    ...stamped(stamp),
    'Content-Type': HTML,
    'Set-Cookie': `JSESSIONID.${randomBytes(4).toString('hex')}=${randomBytes(8).toString('hex')}; Path=/; HttpOnly`,
  };
  return { status, headers, body: htmlOf(body) };
}

/** 404 and 500 of `cancelItem`: the page does not say which it is. */
export function oops(stamp: Stamp, status: number): Answer {
  const reason = `Oops! A problem occurred while processing the request. Logging ID=${randomUUID()}`;
  return errorPage(stamp, status, reason);
}

/** The servlet container's own short page: without a version. */
export function containerPage(status: number, message: string): Answer {
  const body = `<html><head><title>Error ${status}</title></head><body><table><tr><th>STATUS:</th><td>${status}</td></tr><tr><th>MESSAGE:</th><td>${message}</td></tr></table></body></html>`;
  return { status, headers: { 'Content-Type': 'text/html;charset=iso-8859-1' }, body };
}

/** 403 of somebody who is known and lacks a right. */
export function lacks(stamp: Stamp, user: User, permission: Permission): Answer {
  const answer = errorPage(stamp, 403, `${user.name} is missing the ${permission} permission`);
  return {
    ...answer,
    headers: {
      ...answer.headers,
      'X-You-Are-Authenticated-As': user.name,
      'X-You-Are-In-Group-Disabled': 'JENKINS-39402: use -Dhudson.security.AccessDeniedException2',
      'X-Required-Permission': permissionId(permission),
    },
  };
}

/** 403 of somebody unknown: leads to the log-in page, and names no permission. */
export function logInFirst(stamp: Stamp, from: string): Answer {
  const body = `<html><head><meta http-equiv='refresh' content='1;url=/login?from=${encodeURIComponent(from)}'/></head><body>Authentication required</body></html>`;
  return { ...errorPage(stamp, 403), body };
}

/** 401 of a wrong token or password, on any path. */
export const wrongLogin: Answer = {
  ...containerPage(401, 'Unauthorized'),
  headers: {
    'Content-Type': 'text/html;charset=iso-8859-1',
    'WWW-Authenticate': 'Basic realm="Jenkins"',
    'Set-Cookie': 'remember-me=; Path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=0',
  },
};

/** 503 on every path while it starts. */
export const starting: Answer = {
  status: 503,
  headers: { 'Content-Type': HTML },
  body: htmlOf('Starting Jenkins: Please wait while Jenkins is getting ready to work ...'),
};

function htmlOf(text: string): string {
  return `<!DOCTYPE html><html><head><title>Jenkins</title></head><body>${text.replaceAll('<', '&lt;')}</body></html>`;
}
