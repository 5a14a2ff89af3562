package io.meltemi.proxy.http.filter.bandwidthlimit;

import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** One direction of one stream: what was taken in and waits for its turn. Reused per stream. */
final class Throttle extends LoopTimer {
  private static final long MILLI_NANOS = 1_000_000L;

  /** Where it goes. */
  interface Target {
    /** False when nothing can be sent now. */
    boolean data(ByteBuf data, boolean endStream);

    boolean trailers();

    void reading(boolean reading);
  }

  private final HttpFilterContext context;
  private final Target target;
  private @Nullable BandwidthLimit limit;
  private BandwidthLimit.@Nullable Numbers numbers;
  private @Nullable ByteBuf waiting;
  private boolean ended;
  private boolean withTrailers;
  private boolean transferring;
  private boolean readingStopped;
  private boolean pumping;
  private int generation;
  private long startNanos;
  private long transferMs;
  private long delayNanos;

  Throttle(HttpFilterContext context, Target target) {
    this.context = context;
    this.target = target;
  }

  /** Does nothing where this direction is not slowed down. */
  void begin(BandwidthLimit newLimit, BandwidthLimit.Direction direction) {
    if (direction.limited()) {
      limit = newLimit;
      numbers = direction.numbers();
      direction.numbers().enabled().inc();
    }
  }

  boolean isBegun() {
    return limit != null;
  }

  BandwidthLimit limit() {
    BandwidthLimit present = limit;
    if (present == null) {
      throw new IllegalStateException("not begun");
    }
    return present;
  }

  private BandwidthLimit.Numbers numbers() {
    BandwidthLimit.Numbers present = numbers;
    if (present == null) {
      throw new IllegalStateException("not begun");
    }
    return present;
  }

  /** From the first piece to the last. */
  long transferMs() {
    return transferMs;
  }

  /** What of that was waiting for bytes. */
  long delayMs() {
    return delayNanos / MILLI_NANOS;
  }

  /**
   * @param trailersFollow whether trailers end the message, though it came without
   */
  FilterStatus take(ByteBuf data, boolean endStream, boolean trailersFollow) {
    if (!isBegun()) {
      return FilterStatus.CONTINUE;
    }
    int size = data.readableBytes();
    if (!transferring) {
      transferring = true;
      startNanos = context.loop().nanos();
      numbers().pending().inc();
    }
    numbers().incomingSize().set(size);
    numbers().incomingTotalSize().add(size);
    ByteBuf held = waiting;
    if (held == null) {
      held = context.connection().channel().alloc().buffer(Math.max(256, size));
      waiting = held;
    }
    held.discardSomeReadBytes().writeBytes(data, data.readerIndex(), size);
    ended = endStream;
    withTrailers |= trailersFollow;
    if (!isStarted() && !pumping) {
      pump();
    }
    ByteBuf rest = waiting;
    if (rest != null && rest.readableBytes() > context.bufferBytesMax() && !readingStopped) {
      readingStopped = true;
      target.reading(false);
    }
    return FilterStatus.TAKEN;
  }

  /** Whether trailers have to wait. */
  boolean takeTrailers() {
    ended = true;
    ByteBuf held = waiting;
    if (held != null && held.isReadable()) {
      withTrailers = true;
      return true;
    }
    finish();
    return false;
  }

  @Override
  protected void onTimeout() {
    pump();
  }

  private void pump() {
    ByteBuf held = waiting;
    if (held == null) {
      return;
    }
    int g = generation;
    pumping = true;
    int count = limit().bucket().take(held.readableBytes(), context.loop().nanos());
    boolean more = held.readableBytes() > count;
    boolean last = ended && !more;
    boolean sent = true;
    if (count > 0 || last) {
      numbers().allowedSize().set(count);
      numbers().allowedTotalSize().add(count);
      if (last && !withTrailers) {
        finish();
      }
      ByteBuf piece = held.readRetainedSlice(count);
      try {
        sent = target.data(piece, last && !withTrailers);
      } finally {
        piece.release();
      }
    }
    if (generation != g) {
      return;
    }
    pumping = false;
    if (!sent) {
      held.readerIndex(held.readerIndex() - count);
      more = true;
    }
    if (more) {
      numbers().enforced().inc();
      delayNanos += limit().fillNanos();
      context.loop().timers().start(this, limit().fillNanos());
    } else if (last && withTrailers) {
      finish();
      if (!target.trailers()) {
        context.loop().timers().start(this, limit().fillNanos());
        return;
      }
    }
    if (generation == g && readingStopped && held.readableBytes() <= context.bufferBytesMax() / 2) {
      readingStopped = false;
      target.reading(true);
    }
  }

  private void finish() {
    if (transferring) {
      transferring = false;
      transferMs = (context.loop().nanos() - startNanos) / MILLI_NANOS;
      numbers().transferMs().record(transferMs);
      numbers().pending().dec();
    }
  }

  /** The stream is over. */
  void end() {
    generation++;
    context.loop().timers().cancel(this);
    if (transferring) {
      transferring = false;
      numbers().pending().dec();
    }
    limit = null;
    numbers = null;
    transferMs = 0;
    delayNanos = 0;
    ByteBuf held = waiting;
    if (held != null) {
      waiting = null;
      held.release();
    }
    ended = false;
    withTrailers = false;
    readingStopped = false;
    pumping = false;
  }
}
