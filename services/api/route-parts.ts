/** What needs a scope answers to whoever has none. */
export const REFUSED = {
  401: 'no valid user and key',
  403: 'the key lacks the scope',
} as const;

/** As `REFUSED`, for what takes JSON. */
export const BODY_REFUSED = {
  400: 'bad JSON, a value that cannot be, or a field that is missing; the answer names it',
  ...REFUSED,
} as const;

/** What takes names from its path answers to those that cannot be names. */
export const NAME_REFUSED = { 400: 'a name in the path that cannot be one' } as const;

/** As `NAME_REFUSED`, for what is strict about its parameters, too. */
export const QUERY_REFUSED = {
  400: 'an unknown or repeated parameter, or a value or name that cannot be; the answer names it',
} as const;

/** What may be held. */
export const HELD_REFUSED = {
  ...QUERY_REFUSED,
  429: 'too many requests are held already',
} as const;

export const HEALTH_ANSWERS = {
  204: 'healthy',
  200: 'healthy, as JSON when asked for',
  500: 'not, and why',
} as const;

/** The parameter of what is answered for programs and for sh. */
export const FORMAT = {
  format: '`text`: one fact a line, as with `Accept: text/plain`; `json`: the default',
} as const;
