package io.meltemi.proxy.codec;

import io.meltemi.proxy.loop.ChannelWriter;

/**
 * Counts frames that are written and not yet taken by the socket, closely enough for a limit: it
 * notes now and then how many bytes lay before a frame, and counts anew only when the limit is
 * reached.
 */
final class Http2FrameLedger {
  private static final int MARKS = 8;

  private final int max;
  private final int step;
  private final long[] markBytes = new long[MARKS];
  private final int[] markFrames = new int[MARKS];
  private int outstanding;
  private int marks;
  private int sinceMark;

  Http2FrameLedger(int max) {
    this.max = max;
    step = Math.max(1, max / MARKS);
  }

  /** A frame was written; false when more than the limit wait for the socket. */
  boolean written(ChannelWriter writer) {
    outstanding++;
    if (++sinceMark >= step && marks < MARKS) {
      markBytes[marks] = writer.written();
      markFrames[marks++] = sinceMark;
      sinceMark = 0;
    }
    return outstanding <= max || recount(writer);
  }

  private boolean recount(ChannelWriter writer) {
    long pending = writer.flushAndCount();
    if (pending == 0) {
      outstanding = 0;
      marks = 0;
      sinceMark = 0;
      return true;
    }
    long taken = writer.written() - pending;
    int passed = 0;
    while (passed < marks && markBytes[passed] <= taken) {
      outstanding -= markFrames[passed++];
    }
    marks -= passed;
    System.arraycopy(markBytes, passed, markBytes, 0, marks);
    System.arraycopy(markFrames, passed, markFrames, 0, marks);
    return outstanding <= max;
  }
}
