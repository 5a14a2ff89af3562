package io.meltemi.proxy.http.filter.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.loop.LoopTimer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * A request or a response on its way past the service. What comes while an answer is awaited is
 * taken and kept here; it goes on, in its order, when the service lets it. Loop only.
 */
final class Side {
  private static final Modes.Of NOTHING = new Modes.Of(false, Modes.Body.NONE, false);

  /** What the service's next answer must be to. */
  enum Awaited {
    NOTHING,
    HEADERS,
    BODY,
    TRAILERS
  }

  /** What the side needs of its stream. */
  interface Path {
    void show(Awaited part, @Nullable HeaderBlock headers, ByteString body, boolean end);

    void release();

    void inject(ByteBuf data, boolean end);

    void injectTrailers(HeaderBlock trailers);

    /** Trailers as they outlive the call that shows them. */
    HeaderBlock keep(HeaderBlock trailers);

    void setReading(boolean reading);

    void tooLarge();

    void timedOut();

    int bytesMax();

    void start(LoopTimer timer);

    void cancel(LoopTimer timer);
  }

  private final class Timeout extends LoopTimer {
    @Override
    protected void onTimeout() {
      path.timedOut();
    }
  }

  private final Path path;
  private final Timeout timeout = new Timeout();
  private Modes.Of modes = NOTHING;
  private Awaited awaited = Awaited.NOTHING;
  private @Nullable HeaderBlock headers;
  private @Nullable HeaderBlock trailers;
  private @Nullable ByteBuf kept;
  private ByteString shown = ByteString.EMPTY;
  private boolean shownEnd;

  /** Whether the head waits here. */
  private boolean held;

  /** Whether something was taken, so that all that follows is. */
  private boolean taking;

  private boolean ended;
  private boolean trailersCame;
  private boolean trailersShown;
  private boolean bodyDone;
  private boolean over;

  Side(Path path) {
    this.path = path;
  }

  void begin(Modes.Of wanted) {
    modes = wanted;
  }

  Modes.Of modes() {
    return modes;
  }

  Awaited awaited() {
    return awaited;
  }

  @Nullable HeaderBlock headers() {
    return headers;
  }

  @Nullable HeaderBlock trailers() {
    return trailers;
  }

  FilterStatus onHeaders(HeaderBlock block, boolean end) {
    headers = block;
    ended = end;
    if (modes.body() == Modes.Body.STREAMED && !end) {
      block.remove(HeaderName.CONTENT_LENGTH);
    }
    boolean whole = modes.body() == Modes.Body.BUFFERED && !end;
    if (!modes.headers() && !whole) {
      return FilterStatus.CONTINUE;
    }
    held = true;
    if (modes.headers()) {
      show(Awaited.HEADERS, block, ByteString.EMPTY, end);
    }
    return held ? FilterStatus.BUFFER : FilterStatus.CONTINUE;
  }

  FilterStatus onData(ByteBuf data, boolean end) {
    if (!taking && !held && (over || modes.body() == Modes.Body.NONE)) {
      return FilterStatus.CONTINUE;
    }
    taking = true;
    ByteBuf all = kept;
    if (all == null) {
      all = Unpooled.buffer(data.readableBytes());
      kept = all;
    }
    all.discardReadBytes();
    all.writeBytes(data, data.readerIndex(), data.readableBytes());
    ended |= end;
    if (all.readableBytes() > path.bytesMax()) {
      if (held && modes.body() == Modes.Body.BUFFERED) {
        path.tooLarge();
        return FilterStatus.PAUSE;
      }
      path.setReading(false);
    }
    pump();
    return FilterStatus.TAKEN;
  }

  FilterStatus onTrailers(HeaderBlock block) {
    if (!taking && !held && (over || !modes.trailers())) {
      return FilterStatus.CONTINUE;
    }
    trailers = path.keep(block);
    trailersCame = true;
    pump();
    return FilterStatus.TAKEN;
  }

  private void show(Awaited part, @Nullable HeaderBlock block, ByteString body, boolean end) {
    awaited = part;
    path.start(timeout);
    path.show(part, block, body, end);
  }

  /** The service has answered what it was shown. */
  void answered() {
    path.cancel(timeout);
    Awaited was = awaited;
    awaited = Awaited.NOTHING;
    if (was == Awaited.HEADERS
        && (modes.body() != Modes.Body.BUFFERED || (ended && kept == null))) {
      release();
    }
  }

  private void release() {
    if (held) {
      held = false;
      path.release();
    }
  }

  private ByteString changed(BodyMutation mutation) {
    return switch (mutation.getMutationCase()) {
      case BODY -> mutation.getBody();
      case CLEAR_BODY -> mutation.getClearBody() ? ByteString.EMPTY : shown;
      case STREAMED_RESPONSE, MUTATION_NOT_SET -> shown;
    };
  }

  /** Whether the body is then as long as its head says. */
  boolean fits(BodyMutation mutation) {
    HeaderBlock block = headers;
    String length = block == null ? null : block.get(HeaderName.CONTENT_LENGTH);
    return length == null || length.equals(Integer.toString(changed(mutation).size()));
  }

  /** The body that was shown goes on, as the service wants it. */
  void onBody(BodyMutation mutation) {
    ByteString bytes = changed(mutation);
    shown = ByteString.EMPTY;
    bodyDone = modes.body() == Modes.Body.BUFFERED;
    release();
    path.inject(Unpooled.wrappedBuffer(bytes.asReadOnlyByteBuffer()), shownEnd);
  }

  /** Shows what is next, or passes it on. */
  void pump() {
    if (awaited != Awaited.NOTHING) {
      return;
    }
    ByteBuf all = kept;
    boolean readable = all != null && all.isReadable();
    boolean complete = ended || trailersCame;
    if (!over && taking && !bodyDone && !shownEnd) {
      boolean next =
          modes.body() == Modes.Body.STREAMED
              ? readable || ended
              : modes.body() == Modes.Body.BUFFERED && complete;
      if (next) {
        shown = all == null ? ByteString.EMPTY : take(all);
        shownEnd = ended;
        path.setReading(true);
        show(Awaited.BODY, null, shown, ended);
        return;
      }
      if (modes.body() == Modes.Body.BUFFERED) {
        return;
      }
    }
    if (!over && trailersCame && modes.trailers() && !trailersShown) {
      trailersShown = true;
      show(Awaited.TRAILERS, trailers, ByteString.EMPTY, false);
      return;
    }
    passOn(all);
  }

  /** Everything that is here goes on as it is. */
  private void passOn(@Nullable ByteBuf all) {
    release();
    if (all != null && (all.isReadable() || (ended && !shownEnd))) {
      kept = null;
      shownEnd = ended;
      path.inject(all, ended);
      path.setReading(true);
    }
    HeaderBlock last = trailers;
    if (trailersCame && last != null) {
      trailersCame = false;
      path.injectTrailers(last);
    }
    if (over) {
      taking = ended;
    }
  }

  private static ByteString take(ByteBuf all) {
    byte[] bytes = new byte[all.readableBytes()];
    all.readBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  /** The service is asked no more: all goes on. */
  void finish() {
    path.cancel(timeout);
    boolean body = awaited == Awaited.BODY;
    awaited = Awaited.NOTHING;
    over = true;
    if (body) {
      onBody(BodyMutation.getDefaultInstance());
    }
    passOn(kept);
  }

  /** Nothing more happens on this side. */
  void stop() {
    path.cancel(timeout);
    awaited = Awaited.NOTHING;
    over = true;
    held = false;
  }

  /** Forgets the stream. */
  void clear() {
    path.cancel(timeout);
    modes = NOTHING;
    awaited = Awaited.NOTHING;
    headers = null;
    trailers = null;
    kept = null;
    shown = ByteString.EMPTY;
    shownEnd = false;
    held = false;
    taking = false;
    ended = false;
    trailersCame = false;
    trailersShown = false;
    bodyDone = false;
    over = false;
  }
}
