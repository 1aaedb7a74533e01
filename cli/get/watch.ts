import { aborted } from '../../operator/kube/deadline.ts';
import type { CommandContext } from '../support/context.ts';
import { describeTerminal } from '../support/terminal.ts';
import type { Followed } from './follow.ts';
import type { Output, Page } from './pages.ts';
import { Repainter } from './repainter.ts';
import { pageLog, paintedScreen, type Screen } from './screen.ts';

export interface WatchOptions<T> {
  readonly followed: Followed<T>;
  /** The page of what is known now; undefined: there is nothing left to watch. */
  readonly page: (current: T) => Page | undefined;
  readonly context: CommandContext;
  readonly output: Output | undefined;
  readonly colour: boolean;
  /** Milliseconds; absent: until Ctrl-C. */
  readonly timeoutMs?: number | undefined;
  /** Gives the first lists their limit. */
  readonly answerInTime: (work: () => Promise<void>) => Promise<void>;
}

/** Shows the page again whenever it changes. Resolves to `gone` when there is nothing left to watch, else to `stopped`. */
export async function watchPages<T>(options: WatchOptions<T>): Promise<'stopped' | 'gone'> {
  const { followed, page, context, colour, timeoutMs } = options;
  const { stdout, env, clock, signal } = context;
  const stop = new AbortController();
  const outcome = Promise.withResolvers<'stopped' | 'gone'>();
  const end = (how: 'stopped' | 'gone'): void => {
    outcome.resolve(how);
    stop.abort();
  };
  const onStop = (): void => end('stopped');
  signal.addEventListener('abort', onStop, { once: true });
  if (signal.aborted) onStop();
  const cancelTimeout = timeoutMs === undefined ? undefined : clock.setTimeout(onStop, timeoutMs);
  const running = followed.run(stop.signal);

  let screen: Screen | undefined;
  const repainter = new Repainter({
    clock,
    paint: () => {
      const next = page(followed.current());
      if (next) screen?.show(next, followed.trouble(), describeTerminal(stdout, env, { colour }), clock.now());
      else end('gone');
    },
  });
  const request = (): void => repainter.request();
  try {
    await options.answerInTime(() => Promise.race([followed.complete(), aborted(stop.signal)]));
    screen = screenFor(context, options);
    followed.onChange(request);
    stdout.on('resize', request);
    request();
    return await outcome.promise;
  } finally {
    signal.removeEventListener('abort', onStop);
    stdout.off('resize', request);
    cancelTimeout?.();
    repainter.stop();
    screen?.close();
    stop.abort();
    await running;
  }
}

function screenFor<T>(context: CommandContext, { output, colour }: WatchOptions<T>): Screen {
  const { stdout, stderr, env } = context;
  const serialized = output === 'json' || output === 'yaml';
  if (!serialized && describeTerminal(stdout, env, { colour }).interactive) {
    return paintedScreen(stdout);
  }
  return pageLog(stdout, stderr, { blankLineBetween: !serialized });
}
