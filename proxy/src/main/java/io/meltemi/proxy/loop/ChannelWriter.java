package io.meltemi.proxy.loop;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Writes to one channel: small pieces are gathered in one pooled buffer, large ones go as they are,
 * and one flush at the end of the present read sends all.
 */
public final class ChannelWriter extends Flushable {
  /** Pieces up to this size are copied: cheaper than another element in a gathering write. */
  private static final int COPY_BYTES_MAX = 4096;

  private static final int INITIAL_BYTES = 2048;

  private final Channel channel;
  private final LoopContext loop;
  private @Nullable ByteBuf gathered;
  private final boolean shared;
  private long written;

  public ChannelWriter(Channel channel, LoopContext loop) {
    this(channel, loop, false);
  }

  private ChannelWriter(Channel channel, LoopContext loop, boolean shared) {
    this.channel = channel;
    this.loop = loop;
    this.shared = shared;
  }

  /** A writer for a connection that several others write to: see {@link #flush}. */
  public static ChannelWriter shared(Channel channel, LoopContext loop) {
    return new ChannelWriter(channel, loop, true);
  }

  /** Bytes given to this writer so far. */
  public long written() {
    return written + (gathered == null ? 0 : gathered.readableBytes());
  }

  /** A buffer to append to, with room for so many bytes; owned by this writer. */
  public ByteBuf gather(int sizeMax) {
    ByteBuf buffer = gathered;
    if (buffer == null) {
      buffer = channel.alloc().directBuffer(Math.max(INITIAL_BYTES, sizeMax));
      gathered = buffer;
    } else {
      buffer.ensureWritable(sizeMax);
    }
    return buffer;
  }

  /** Writes the readable bytes; the buffer stays the caller's. */
  public void write(ByteBuf data) {
    int size = data.readableBytes();
    if (size == 0) {
      return;
    }
    if (size <= COPY_BYTES_MAX) {
      gather(size).writeBytes(data, data.readerIndex(), size);
      return;
    }
    writeGathered();
    written += size;
    channel.write(data.retain(), channel.voidPromise());
  }

  /** Writes some bytes of the buffer, which stays the caller's. */
  public void write(ByteBuf data, int from, int count) {
    if (count <= COPY_BYTES_MAX) {
      if (count > 0) {
        gather(count).writeBytes(data, from, count);
      }
      return;
    }
    writeGathered();
    written += count;
    channel.write(data.retainedSlice(from, count), channel.voidPromise());
  }

  /**
   * Sends everything at the end of the present read, or at once outside of one; a shared writer
   * behind all reads of the present turn of the loop.
   */
  public void flush() {
    if (shared) {
      loop.flushAfterReads(this);
    } else {
      loop.flush(this);
    }
  }

  /**
   * Sends everything at once.
   *
   * @return bytes that the socket has not taken, roughly
   */
  public long flushAndCount() {
    flushNow();
    ChannelOutboundBuffer pending = channel.unsafe().outboundBuffer();
    return pending == null ? 0 : pending.totalPendingWriteBytes();
  }

  /** Forgets what was not flushed. */
  public void discard() {
    ByteBuf buffer = gathered;
    if (buffer != null) {
      gathered = null;
      buffer.release();
    }
  }

  private void writeGathered() {
    ByteBuf buffer = gathered;
    if (buffer != null) {
      gathered = null;
      written += buffer.readableBytes();
      channel.write(buffer, channel.voidPromise());
    }
  }

  @Override
  protected void flushNow() {
    writeGathered();
    channel.flush();
  }
}
