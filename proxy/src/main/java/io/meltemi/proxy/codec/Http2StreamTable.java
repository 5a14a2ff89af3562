package io.meltemi.proxy.codec;

import org.jspecify.annotations.Nullable;

/**
 * The open streams of a connection by their id: open addressing over an array. Ids of one side
 * count up by two, so that there are hardly any collisions.
 */
final class Http2StreamTable {
  private @Nullable Http2Stream[] slots = new @Nullable Http2Stream[16];
  private int size;

  int size() {
    return size;
  }

  private int home(int id) {
    return (id >>> 1) & (slots.length - 1);
  }

  @Nullable Http2Stream get(int id) {
    int mask = slots.length - 1;
    for (int i = home(id); ; i = (i + 1) & mask) {
      Http2Stream stream = slots[i];
      if (stream == null || stream.id == id) {
        return stream;
      }
    }
  }

  void put(Http2Stream stream) {
    if (size * 2 >= slots.length) {
      @Nullable Http2Stream[] old = slots;
      slots = new @Nullable Http2Stream[old.length * 2];
      for (Http2Stream present : old) {
        if (present != null) {
          insert(present);
        }
      }
    }
    insert(stream);
    size++;
  }

  private void insert(Http2Stream stream) {
    int mask = slots.length - 1;
    int i = home(stream.id);
    while (slots[i] != null) {
      i = (i + 1) & mask;
    }
    slots[i] = stream;
  }

  void remove(Http2Stream stream) {
    int mask = slots.length - 1;
    int i = home(stream.id);
    while (slots[i] != stream) {
      if (slots[i] == null) {
        return;
      }
      i = (i + 1) & mask;
    }
    size--;
    int gap = i;
    int next = i;
    while (true) {
      next = (next + 1) & mask;
      Http2Stream moved = slots[next];
      if (moved == null) {
        break;
      }
      // an entry may fill the gap unless its home lies behind it
      if (((next - home(moved.id)) & mask) >= ((next - gap) & mask)) {
        slots[gap] = moved;
        gap = next;
      }
    }
    slots[gap] = null;
  }

  /** A copy, for callers that change the table while they go through it. */
  Http2Stream[] toArray() {
    Http2Stream[] all = new Http2Stream[size];
    int at = 0;
    for (Http2Stream stream : slots) {
      if (stream != null) {
        all[at++] = stream;
      }
    }
    return all;
  }
}
