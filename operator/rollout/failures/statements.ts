/** One thing that a log says: a line, or an error with the lines that belong to it. */
export interface Statement {
  readonly text: string;
  /** An exception, a line of level ERROR, what a program calls an error, or the last words of all. */
  readonly isError: boolean;
}

/** Prefixes of vLLM's lines: `(EngineCore_DP0 pid=17) ERROR 11-21 09:00:00 [core.py:708] `; the group is the level. */
const PREFIX = /^(?:\([^)]*\bpid=\d+[^)]*\) ?)*(?:([A-Z]+) \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]+\] ?)?/;

const ERROR_LEVEL = /^(?:ERROR|CRITICAL|FATAL)$/;

/** What is said while all is well, and warnings: by Python's `logging` and `warnings`, and by glog as PyTorch has it. */
const BENIGN = /^(?:INFO|WARNING|DEBUG)\b|^\S*:\d+: \w*Warning\b|^(?:\[rank\d+\]:)?\[?[WI]\d{4} \d\d:\d\d:\d\d/;

/** The start of an exception, or of what a program calls an error. */
const ERROR = /^[\w.]*(?:Error|Exception)\b|^(?:error|fatal|panic)\b|^[\w./ -]+: error:/i;

/** The head of a traceback, or a frame of one whose head is cut off. */
const TRACEBACK = /Traceback \(most recent call last\):\s*$|^\s+File "[^"]*", line \d+/;

/** What Python writes between an exception and the one that came of it. */
const BETWEEN = /^(?:During handling of|The above exception was)\b/;

/**
 * The statements of an engine's log, in its order, without what is said while all is well and without the frames of
 * tracebacks: source code and settings have every word in them.
 */
export function statementsOf(log: string): Statement[] {
  const lines = log.trimEnd().split('\n');
  const found: { readonly lines: string[]; isError: boolean }[] = [];
  let open = false;
  let inTraceback = false;
  for (const line of lines) {
    const [prefix = '', level] = PREFIX.exec(line) ?? [];
    const said = line.slice(prefix.length);
    // Several processes write into one log: a line of another one does not end a traceback.
    if (level === undefined ? BENIGN.test(said) : !ERROR_LEVEL.test(level)) {
      open = false;
    } else if (TRACEBACK.test(said)) {
      [open, inTraceback] = [false, true];
    } else if (inTraceback && /^(?:\s|$)/.test(said)) {
      // The source code of a frame.
    } else if (inTraceback || ERROR.test(said.trimStart())) {
      found.push({ lines: [line], isError: true });
      [open, inTraceback] = [true, false];
    } else if (BETWEEN.test(said)) {
      open = false;
    } else if (open) {
      found.at(-1)?.lines.push(line);
    } else {
      open = level !== undefined;
      found.push({ lines: [line], isError: open });
    }
  }
  const last = found.at(-1);
  if (last && last.lines.at(-1) === lines.at(-1)) last.isError = true;
  return found.map((statement) => ({ text: statement.lines.join('\n'), isError: statement.isError }));
}
