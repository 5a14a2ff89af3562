package io.meltemi.proxy.http.filter.router;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/** Pieces of a request's body, kept for a connection to come or for another try. */
final class BodyBuffer {
  private final List<ByteBuf> pieces = new ArrayList<>(2);
  private long size;

  /** Keeps a piece; the buffer stays the caller's as well. */
  void add(ByteBuf data) {
    int count = data.readableBytes();
    if (count > 0) {
      pieces.add(data.retainedSlice());
      size += count;
    }
  }

  long size() {
    return size;
  }

  int count() {
    return pieces.size();
  }

  ByteBuf piece(int index) {
    return pieces.get(index);
  }

  void clear() {
    if (pieces.isEmpty()) {
      return;
    }
    for (int i = 0; i < pieces.size(); i++) {
      pieces.get(i).release();
    }
    pieces.clear();
    size = 0;
  }
}
