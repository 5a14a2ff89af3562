package io.meltemi.proxy.codec;

import io.netty.buffer.ByteBuf;

/**
 * Follows the framing of one body (RFC 9112 sections 6 and 7). It moves the reader index over
 * framing and tells how many of the next bytes are body; the caller takes those bytes and reports
 * them with {@link #taken}. Reused through the begin methods; may be given the bytes in any pieces.
 */
public final class BodyDecoder {
  /** What the next bytes are. */
  public enum Event {
    /** Nothing more can be said without more bytes. */
    MORE,
    /** The next {@link #available()} bytes are body. */
    DATA,
    /** The chunks are over; trailers, perhaps none, begin at the reader index. */
    TRAILERS,
    /** The body is over; the next bytes belong to the next message. */
    END,
    /** The framing is broken; see {@link #error()}. */
    FAILED
  }

  private enum State {
    END,
    LENGTH,
    UNTIL_CLOSE,
    CHUNK_SIZE_FIRST,
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_QUOTED,
    CHUNK_QUOTED_PAIR,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILERS,
    FAILED
  }

  private static final int SIZE_DIGITS_MAX = 15;
  private static final int EXTENSION_BYTES_MAX = 256;

  private State state = State.END;
  private CodecError error = CodecError.NONE;
  private long remaining;
  private int available;
  private int sizeDigits;
  private int extensionBytes;

  /** No body. */
  public void beginNone() {
    state = State.END;
  }

  /** A body of that many bytes. */
  public void beginLength(long length) {
    remaining = length;
    state = length == 0 ? State.END : State.LENGTH;
  }

  /** A chunked body. */
  public void beginChunked() {
    beginChunk();
    state = State.CHUNK_SIZE_FIRST;
  }

  /** A body that the end of the connection ends. */
  public void beginUntilClose() {
    state = State.UNTIL_CLOSE;
  }

  private void beginChunk() {
    remaining = 0;
    sizeDigits = 0;
    extensionBytes = 0;
  }

  /** Whether nothing follows. */
  public boolean isEnd() {
    return state == State.END;
  }

  public boolean isUntilClose() {
    return state == State.UNTIL_CLOSE;
  }

  public CodecError error() {
    return error;
  }

  /** Bytes of body at the reader index, after {@link Event#DATA}. */
  public int available() {
    return available;
  }

  /** The caller has moved the reader index over so many bytes of body. */
  public void taken(int count) {
    if (state == State.UNTIL_CLOSE) {
      return;
    }
    remaining -= count;
    if (remaining == 0) {
      state = state == State.LENGTH ? State.END : State.CHUNK_DATA_CR;
    }
  }

  /** The trailers behind {@link Event#TRAILERS} have been read. */
  public void trailersTaken() {
    state = State.END;
  }

  /** Looks at the next bytes. */
  public Event next(ByteBuf in) {
    while (true) {
      switch (state) {
        case END -> {
          return Event.END;
        }
        case FAILED -> {
          return Event.FAILED;
        }
        case TRAILERS -> {
          return Event.TRAILERS;
        }
        case LENGTH, CHUNK_DATA -> {
          available = (int) Math.min(remaining, in.readableBytes());
          return available == 0 ? Event.MORE : Event.DATA;
        }
        case UNTIL_CLOSE -> {
          available = in.readableBytes();
          return available == 0 ? Event.MORE : Event.DATA;
        }
        case CHUNK_SIZE_FIRST,
            CHUNK_SIZE,
            CHUNK_EXTENSION,
            CHUNK_QUOTED,
            CHUNK_QUOTED_PAIR,
            CHUNK_SIZE_LF,
            CHUNK_DATA_CR,
            CHUNK_DATA_LF -> {
          if (!in.isReadable()) {
            return Event.MORE;
          }
          framing(in.readByte());
        }
      }
    }
  }

  private void fail(CodecError reason) {
    error = reason;
    state = State.FAILED;
  }

  private void framing(byte b) {
    switch (state) {
      case CHUNK_SIZE_FIRST, CHUNK_SIZE -> size(b);
      case CHUNK_EXTENSION, CHUNK_QUOTED, CHUNK_QUOTED_PAIR -> extension(b);
      case CHUNK_SIZE_LF -> {
        if (b != '\n') {
          fail(CodecError.BAD_CHUNK);
        } else {
          state = remaining == 0 ? State.TRAILERS : State.CHUNK_DATA;
        }
      }
      case CHUNK_DATA_CR -> {
        if (b != '\r') {
          fail(CodecError.BAD_CHUNK);
        } else {
          state = State.CHUNK_DATA_LF;
        }
      }
      case CHUNK_DATA_LF -> {
        if (b != '\n') {
          fail(CodecError.BAD_CHUNK);
        } else {
          beginChunk();
          state = State.CHUNK_SIZE_FIRST;
        }
      }
      case END, LENGTH, UNTIL_CLOSE, CHUNK_DATA, TRAILERS, FAILED ->
          throw new IllegalStateException(state.name());
    }
  }

  private void size(byte b) {
    int digit = Character.digit(b, 16);
    if (digit >= 0 && b > 0) {
      if (++sizeDigits > SIZE_DIGITS_MAX) {
        fail(CodecError.BAD_CHUNK);
        return;
      }
      remaining = remaining * 16 + digit;
      state = State.CHUNK_SIZE;
    } else if (state == State.CHUNK_SIZE_FIRST) {
      fail(CodecError.BAD_CHUNK);
    } else if (b == '\r') {
      state = State.CHUNK_SIZE_LF;
    } else if (b == ';') {
      state = State.CHUNK_EXTENSION;
    } else {
      fail(CodecError.BAD_CHUNK);
    }
  }

  /** Extensions are checked for control bytes and forgotten. */
  private void extension(byte b) {
    if (++extensionBytes > EXTENSION_BYTES_MAX) {
      fail(CodecError.CHUNK_EXTENSION_TOO_LONG);
      return;
    }
    boolean text = b == '\t' || (b >= ' ' && b != 127) || b < 0;
    if (state == State.CHUNK_EXTENSION && b == '\r') {
      state = State.CHUNK_SIZE_LF;
    } else if (!text) {
      fail(CodecError.BAD_CHUNK);
    } else if (state == State.CHUNK_QUOTED_PAIR) {
      state = State.CHUNK_QUOTED;
    } else if (state == State.CHUNK_QUOTED) {
      state = b == '\\' ? State.CHUNK_QUOTED_PAIR : b == '"' ? State.CHUNK_EXTENSION : state;
    } else if (b == '"') {
      state = State.CHUNK_QUOTED;
    }
  }
}
