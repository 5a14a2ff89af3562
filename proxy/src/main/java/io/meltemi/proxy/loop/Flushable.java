package io.meltemi.proxy.loop;

/** Something written to whose flush can wait until the end of the present read. */
public abstract class Flushable {
  boolean queued;

  /** Sends what was written. */
  protected abstract void flushNow();
}
