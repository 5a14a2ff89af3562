package io.meltemi.proxy.http.filter.wasm;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What modules with the same {@code vm_id} share over event loops: values by key, and queues. Any
 * thread; held locks are short.
 */
final class SharedState {
  static final int ENTRIES_MAX = 10_000;
  static final int VALUE_BYTES_MAX = 1 << 20;
  static final int QUEUE_MAX = 10_000;

  private final Map<String, Map<String, Value>> values = new ConcurrentHashMap<>();
  private final Map<String, Integer> queueTokens = new HashMap<>();
  private final Map<Integer, ArrayDeque<byte[]>> queues = new HashMap<>();
  private final Map<Integer, WasmVm> readers = new HashMap<>();
  private int lastToken;

  /** One value; its bytes are never changed. */
  static final class Value {
    final byte[] bytes;

    /** Changes with every write; never 0. */
    final int cas;

    Value(byte[] bytes, int cas) {
      this.bytes = bytes;
      this.cas = cas;
    }
  }

  Optional<Value> get(String vmId, String key) {
    return Optional.ofNullable(values.getOrDefault(vmId, Map.of()).get(key));
  }

  /**
   * @param cas of the value that is to be replaced; 0 for whatever there is
   * @return a {@link WasmStatus}
   */
  int set(String vmId, String key, byte[] bytes, int cas) {
    Map<String, Value> own = values.computeIfAbsent(vmId, _ -> new ConcurrentHashMap<>());
    if (bytes.length > VALUE_BYTES_MAX || (own.size() >= ENTRIES_MAX && !own.containsKey(key))) {
      return WasmStatus.INTERNAL_FAILURE;
    }
    int[] status = {WasmStatus.OK};
    own.compute(
        key,
        (_, before) -> {
          int last = before == null ? 0 : before.cas;
          if (cas != 0 && cas != last) {
            status[0] = WasmStatus.CAS_MISMATCH;
            return before;
          }
          return new Value(bytes, last == -1 ? 1 : last + 1);
        });
    return status[0];
  }

  /** The token of a queue, made when absent; the machine is told of what is put in. */
  synchronized int register(String vmId, String name, WasmVm reader) {
    int token =
        queueTokens.computeIfAbsent(
            vmId + '\0' + name,
            _ -> {
              queues.put(++lastToken, new ArrayDeque<>());
              return lastToken;
            });
    readers.put(token, reader);
    return token;
  }

  /** A machine ends. */
  synchronized void forget(WasmVm reader) {
    readers.values().removeIf(other -> other == reader);
  }

  /** The token of a queue; 0 when there is none. */
  synchronized int resolve(String vmId, String name) {
    return queueTokens.getOrDefault(vmId + '\0' + name, 0);
  }

  /** A {@link WasmStatus}. */
  synchronized int enqueue(int token, byte[] bytes) {
    ArrayDeque<byte[]> queue = queues.get(token);
    if (queue == null) {
      return WasmStatus.NOT_FOUND;
    }
    if (queue.size() >= QUEUE_MAX || bytes.length > VALUE_BYTES_MAX) {
      return WasmStatus.INTERNAL_FAILURE;
    }
    queue.addLast(bytes);
    WasmVm reader = readers.get(token);
    if (reader != null) {
      reader.queueReady(token);
    }
    return WasmStatus.OK;
  }

  /** Whether there is such a queue. */
  synchronized boolean has(int token) {
    return queues.containsKey(token);
  }

  /** The oldest entry; empty when there is none. */
  synchronized Optional<byte[]> dequeue(int token) {
    ArrayDeque<byte[]> queue = queues.get(token);
    return queue == null ? Optional.empty() : Optional.ofNullable(queue.pollFirst());
  }
}
