package io.meltemi.bench.swarm;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What all sidecars were sent so far. Any thread. */
final class Tally {
  final LongAdder responses = new LongAdder();

  /** Of responses, complete. */
  final LongAdder bytes = new LongAdder();

  final LongAdder resources = new LongAdder();

  /** Of resources that the sidecar had byte for byte. */
  final LongAdder heldBytes = new LongAdder();

  /** Streams that ended and were opened again. */
  final LongAdder retries = new LongAdder();

  /** When the last response came, as {@link System#nanoTime}. */
  final AtomicLong lastNanos = new AtomicLong(System.nanoTime());
}
