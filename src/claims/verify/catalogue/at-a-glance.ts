import { behaviour, count, equals, probe, source } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const AT_A_GLANCE: ClaimSection = {
  title: 'At a glance',
  claims: [
    {
      id: 'intro-five-models',
      kind: 'static-fact',
      text: '“Five models”: blocking, non-block+select, epoll, AIO, io_uring (“five chapters”)',
      truth:
        "Body has six numbered sections plus kqueue (signal-driven I/O is the extra one); Stevens's classic five are blocking, non-blocking, multiplexing, signal-driven, async.",
      source: 'the guide, structure; UNP vol.1 ch.6',
      assertions: [
        source(
          'how many',
          'five models',
          'six sections of its own, signal-driven I/O and kqueue among them',
          'the headings of the guide; UNIX Network Programming 1, chapter 6',
        ),
      ],
    },
    {
      id: 'glance-aio-dio-only',
      kind: 'behaviour',
      text: 'AIO: “kernel does I/O in background ... DIO only :(”',
      truth:
        'Native AIO is asynchronous in practice for O_DIRECT files, and also for IOCB_CMD_POLL (sockets/pipes) and FSYNC/FDSYNC (workqueue). Everything else completes inside io_submit.',
      source: 'fs/aio.c (aio_poll, aio_fsync, aio_read); io_submit(2)',
      assertions: [
        count(
          'in the background with O_DIRECT',
          probe('native-aio-submit', 'directComplete'),
          { high: 0.5 },
          { name: 'reads that are complete when io_submit returns', unit: 'of 1', noise: 0.3 },
        ),
        count(
          'not in the background through the page cache',
          probe('native-aio-submit', 'coldComplete'),
          { low: 0.8 },
          { name: 'reads that are complete when io_submit returns', unit: 'of 1', noise: 0.1 },
        ),
        behaviour(
          'nothing but O_DIRECT: no IOCB_CMD_POLL of a socket',
          probe('native-aio-socket', 'pollAfterWrite'),
          equals(0),
        ),
      ],
    },
  ],
};
