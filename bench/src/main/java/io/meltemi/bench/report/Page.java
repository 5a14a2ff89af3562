package io.meltemi.bench.report;

import java.util.stream.Collectors;

/** {@code docs/benchmarks.md}: how to rerun, what the figures mean, the table. */
final class Page {
  private Page() {}

  static String of(Report report) {
    return """
    # Benchmarks

    What the data plane costs beside Envoy, nginx and HAProxy. The program writes this page itself; do
    not edit it by hand:

        ./meltemi bench data-plane --rounds 5 --markdown docs/benchmarks.md --json FILE

    ## Rerun

    - On a quiet machine a full run takes about half an hour (the one below: %1$d minutes). Anything else
      that runs meanwhile shows: below the table stand the cores that other processes kept busy, and each
      figure has its range.
    - `--only NAME[,NAME]` takes some scenarios, `--list` names them, `--rounds`, `--seconds`, `--warm-up`
      and `--connections` change the load, `--json` keeps every round, `--help` tells the rest. Ctrl-C ends
      every process that was started.
    - The exit code is 0 when every floor holds, 1 when a figure is below its floor or could not be taken.
    - It needs Linux, `curl` and `openssl`; `wrk` and `h2load` for the load; and the peers `envoy` (%2$s),
      `nginx` and `haproxy`. What is missing is named with the command that installs it, and what can be
      measured without it still is. Without `wrk` the load is our own generator, without nginx the backend
      is our own server.

    ## How it measures

    - Everything runs on the loopback of one machine. Each proxy has one worker thread; Envoy and Meltemi
      read the same bootstrap, or take the same resources from our control plane over ADS.
    - Before anything is measured all peers must give the same answer: status, body, content headers,
      trailers; Envoy and Meltemi also the same header names. During every round an answer that is no
      success, a body that is shorter, or an access log that grows less than the other's ends the row.
    - Ours is warmed up until it gets no cheaper. Then the peers, all alive, are loaded in turn, A B A B. A
      ratio is taken within each round; the table has the median and the range of the rounds.
    - Verdicts: "holds" means that the floor holds, "holds (target)" and "holds (moonshot)" more than that.
      Ratios of latency, of CPU at a rate and of memory are better when smaller.

    ## What each figure means

    - Requests, messages, connections, handshakes or MiB per CPU-second: units of work, answered with
      success, by the user and system time of the proxy's process (`/proc/PID/stat`). A CPU-second is one
      second of one core. Where a scenario has two proxies it is the time of both.
    - Kernel: the system part of that time.
    - PSS: proportional set size, with file pages in full, as if no other process on the machine used the
      JDK. The kernel's own figure is in the JSON.
    - KiB per idle connection: what 3 000 connections add to it, each after one request.
    - CPU ms per second: processor time at a fixed rate of 1 000 requests/s.
    - p50, p99, p99.9: from the moment a request was meant to leave, so that a stall is paid by every request
      that was due during it. The generator is ours, one process, timers without slack.
    - Start: from starting the process (for ours: the launcher script) to the first proxied answer.
    - Warm-up: from the first load of a fresh process to the first half second in which a request costs at
      most Envoy's steady CPU time. The curve is below the table.
    - Allocated per request, GC: of ours, read over its management agent in a round after the others.

    ## Table

    %3$s
    ## Scenarios

    %4$s"""
        .formatted(
            Math.max(1, Math.round(report.seconds() / 60.0)),
            report.machine().versions().getOrDefault("Envoy", "absent"),
            report.markdown(),
            report.outcomes().stream()
                .map(outcome -> "- `" + outcome.scenario() + "`: " + outcome.description() + "\n")
                .collect(Collectors.joining()));
  }
}
