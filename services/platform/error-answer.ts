import type { IncomingMessage } from 'node:http';
import { GitbuilderError } from '../domain/errors.ts';
import type { Answer, Headers } from './answer.ts';

/** What any error becomes on the wire: an unknown one tells nothing of the inside. */
export function errorAnswer(request: IncomingMessage, cause: unknown, requestId: string): Answer {
  const error =
    cause instanceof GitbuilderError
      ? cause
      : new GitbuilderError('INTERNAL', { request_id: requestId });
  const headers = errorHeaders(error);
  if (wantsHtml(request)) {
    const { status } = error;
    const body = `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body><h1>${status}</h1>\n<p>${escapeHtml(error.message)}</p>\n<p>${escapeHtml(error.advice)}</p>\n</body></html>\n`;
    return { kind: 'text', status, body, type: 'text/html; charset=utf-8', headers };
  }
  const body = {
    message: error.message,
    code: error.code,
    advice: error.advice,
    request_id: requestId,
  };
  return { kind: 'json', status: error.status, body, headers };
}

function errorHeaders(error: GitbuilderError): Headers {
  switch (error.code) {
    case 'UNAUTHENTICATED':
      return { 'WWW-Authenticate': 'Basic realm="gitbuilder", charset="UTF-8"' };
    case 'METHOD_NOT_ALLOWED':
      return { Allow: String(error.fields['allow'] ?? '') };
    case 'STOPPING':
    case 'TOO_MANY_HELD':
      return { 'Retry-After': 5 };
    default:
      return {};
  }
}

/** Browsers say text/html; curl and scripts do not, and get JSON. */
function wantsHtml(request: IncomingMessage): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('text/html') && !accept.includes('application/json');
}

/** Text that stands in HTML as itself. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
