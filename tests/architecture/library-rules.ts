/** Something that the Groovy of the shared library must not do. */
export interface LibraryRule {
  readonly what: string;
  /** `cps`: only in code that is transformed; `native`: only in what `@NonCPS` keeps from that. */
  readonly where: 'all' | 'cps' | 'native';
  readonly pattern: RegExp;
  /** Code that breaks it. */
  readonly sample: string;
}

function refused(what: string, pattern: RegExp, sample: string): LibraryRule {
  return { what: `needs approval in the sandbox: ${what}`, where: 'all', pattern, sample };
}

function unsafe(what: string, pattern: RegExp, sample: string): LibraryRule {
  return { what: `returns rubbish in CPS code: ${what}`, where: 'cps', pattern, sample };
}

/** Looked for in code without comments and texts. What the engine sees at run time, this sees before. */
export const LIBRARY_RULES: readonly LibraryRule[] = [
  refused('the inside of Jenkins', /\b(Jenkins|Hudson)\s*\.|\brawBuild\b/, 'Jenkins.instance'),
  refused(
    'files',
    /\bnew\s+File\b|\b(Paths|Files)\s*\.|\bnew\s+\w*(Stream|Reader|Writer)\b/,
    'new File(x)',
  ),
  refused(
    'the process',
    /\b(System\s*\.\s*(getenv|getProperty|exit)|Runtime|Thread)\b/,
    'System.getenv()',
  ),
  refused('other processes', /\.\s*execute\s*\(/, 'x.execute()'),
  refused(
    'the network',
    /\b(openConnection|openStream)\b|\bnew\s+(URI|Socket)\b|\bURI\s*\./,
    'new URI(x)',
  ),
  refused(
    'other JSON',
    /\b(JsonBuilder|JsonSlurperClassic|StreamingJsonBuilder|SimpleTemplateEngine)\b/,
    'new JsonBuilder()',
  ),
  refused(
    'digests and times',
    /\b(MessageDigest|Instant\s*\.\s*now|toEpochMilli|Duration\s*\.\s*of)\w*/,
    'Instant.now()',
  ),
  refused(
    'reflection',
    /\b(metaClass|classLoader|getClass|newInstance)\b|\.class\b/,
    'this.class.name',
  ),
  refused('streams', /\.\s*(stream|parallelStream)\s*\(/, 'x.stream()'),
  refused(
    'some constructors',
    /\bnew\s+(LinkedHashMap|LinkedList|RuntimeException)\b|\bnew\s+(ArrayList|TreeMap)\s*\(\s*\)/,
    'new ArrayList()',
  ),
  refused(
    'some methods of collections',
    /\.\s*(withIndex|combinations|upto|takeWhile|dropWhile|encodeBase64)\b|\.\s*sum\s*\{|\bsort\s*\(\s*false\b/,
    'x.withIndex()',
  ),
  refused('packages from elsewhere', /@Grab\b|\bevaluate\s*\(/, '@Grab(x)'),
  unsafe(
    'closures of natively sorting methods',
    /\.\s*(sort|toSorted|unique|toUnique|eachLine)\s*(\(|\{)/,
    'x.sort { }',
  ),
  unsafe('the spread operator', /\*\s*\.\s*\w/, 'x*.name'),
  { what: 'a Matcher cannot be saved', where: 'cps', pattern: /(?<!=)=~/, sample: "x =~ 'a'" },
  {
    what: 'an entry of a map cannot be saved',
    where: 'cps',
    pattern: /\bentrySet\s*\(|\bMap\.Entry\b|\.\s*iterator\s*\(/,
    sample: 'for (e in x.entrySet()) {}',
  },
  {
    what: 'the sandbox knows no classes by name in CPS code',
    where: 'cps',
    pattern: /\binstanceof\b/,
    sample: 'x instanceof List',
  },
  {
    what: 'env is shared by all branches',
    where: 'all',
    pattern: /\benv\s*(\.\s*\w+|\[[^\]]*\])\s*=(?!=)/,
    sample: 'script.env.X = 1',
  },
  {
    what: 'a method that is not transformed calls a step',
    where: 'native',
    pattern: /\b(script|runner)\s*\./,
    sample: 'script.echo(x)',
  },
  {
    what: 'a text that is built for the shell',
    where: 'all',
    pattern: /\bsh\s*\(\s*(script\s*:\s*)?"/,
    sample: 'sh("x")',
  },
];
