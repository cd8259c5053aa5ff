import { behaviour, equals, pair, probe, ratio, source, YES } from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const INTRO: ClaimSection = {
  title: 'Intro',
  claims: [
    {
      id: 'intro-model-5-10x',
      kind: 'measured',
      text: 'Pick the wrong model and you leave “5-10x throughput” on the table',
      truth:
        'Host- and workload-dependent; the guide itself says 2-3x (Key Numbers), 2-5x (table prose), 30% (Tradeoffs), 30-50% (FAQ). True only against an O(N) model with many idle fds.',
      source: 'the guide, lines vs each other; measured on other hosts',
      assertions: [
        ratio(
          '200 connections, all active',
          pair('poll', 'io_uring', 'many', 'cpu'),
          { low: 5 },
          { name: 'server CPU per request of poll over io_uring' },
        ),
        ratio(
          '10,000 connections, 1 % active',
          pair('poll', 'io_uring', 'example', 'cpu'),
          { low: 5 },
          { name: 'server CPU per request of poll over io_uring' },
        ),
        ratio(
          '9,900 idle connections and one active',
          pair('poll', 'io_uring', 'idle', 'cpu'),
          { low: 5 },
          { name: 'server CPU per request of poll over io_uring' },
        ),
      ],
    },
    {
      id: 'intro-epoll-default-2025',
      kind: 'historical',
      text: 'epoll is “still the default choice for network servers in 2025”, ships everywhere',
      truth: 'nginx, HAProxy, Node/libuv, Go netpoller, Tokio/mio all default to epoll on Linux in 2025.',
      source: 'project docs',
      assertions: [
        behaviour('Node.js', probe('runtimes', 'nodeListenerInEpoll'), YES),
        behaviour('selectors of Python', probe('runtimes', 'python'), equals('EpollSelector')),
        source(
          'nginx, HAProxy, Go, Tokio',
          'epoll by default on Linux',
          'epoll by default on Linux',
          'their documentation',
        ),
      ],
    },
  ],
};
