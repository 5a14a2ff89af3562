package io.meltemi.proxy.http.filter.wasm;

import com.dylibso.chicory.wasm.ChicoryException;
import io.meltemi.proxy.http.filter.wasm.HostFunctions.Known;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What modules get of WASI ({@code wasi_snapshot_preview1}): the clock, random numbers, the
 * environment, and standard output as log. There are no files.
 */
final class WasiFunctions {
  static final int NOT_CAPABLE = 76;
  private static final int SUCCESS = 0;
  private static final int BAD_FILE = 8;
  private static final int INVALID = 28;
  private static final int NOT_SUPPORTED = 58;
  private static final int BYTES_MAX = 1 << 20;
  private static final int CHARACTER_DEVICE = 2;
  private static final SecureRandom RANDOM = new SecureRandom();

  static final Map<String, Known> ALL = new HashMap<>();

  private WasiFunctions() {}

  private static void add(String name, int parameters, HostFunctions.Body body) {
    ALL.put(name, new Known(name, parameters, body));
  }

  static {
    add("fd_write", 4, WasiFunctions::write);
    add("clock_time_get", 3, WasiFunctions::time);
    add("random_get", 2, WasiFunctions::random);
    add("environ_sizes_get", 2, (vm, a) -> sizes(vm, a, vm.environment()));
    add("environ_get", 2, (vm, a) -> strings(vm, a, vm.environment()));
    add("args_sizes_get", 2, (vm, a) -> sizes(vm, a, List.of()));
    add("args_get", 2, (vm, a) -> strings(vm, a, List.of()));
    add("sched_yield", 0, (_, _) -> SUCCESS);
    add(
        "proc_exit",
        1,
        (_, a) -> {
          throw new ChicoryException("proc_exit(" + (int) a[0] + ")");
        });
    add(
        "fd_fdstat_get",
        2,
        (vm, a) -> {
          if (a[0] < 0 || a[0] > 2) {
            return BAD_FILE;
          }
          vm.putBytes(a[1], new byte[24]);
          vm.putInt(a[1], CHARACTER_DEVICE);
          return SUCCESS;
        });
    add("poll_oneoff", 4, (_, _) -> NOT_SUPPORTED);
    Map.ofEntries(
            Map.entry("fd_read", 4),
            Map.entry("fd_close", 1),
            Map.entry("fd_seek", 4),
            Map.entry("fd_fdstat_set_flags", 2),
            Map.entry("fd_filestat_get", 2),
            Map.entry("fd_prestat_get", 2),
            Map.entry("fd_prestat_dir_name", 3),
            Map.entry("fd_readdir", 5),
            Map.entry("path_open", 9),
            Map.entry("path_filestat_get", 5))
        .forEach((name, parameters) -> add(name, parameters, (_, _) -> BAD_FILE));
  }

  private static long write(WasmVm vm, long[] a) {
    if (a[0] != 1 && a[0] != 2) {
      return BAD_FILE;
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    long count = a[2] & 0xFFFF_FFFFL;
    for (long i = 0; i < count && all.size() < BYTES_MAX; i++) {
      byte[] piece = vm.bytes(vm.getInt(a[1] + i * 8), vm.getInt(a[1] + i * 8 + 4));
      all.write(piece, 0, piece.length);
    }
    vm.log(
        a[0] == 1 ? WasmVm.LOG_INFO : WasmVm.LOG_ERROR,
        all.toString(StandardCharsets.UTF_8).stripTrailing());
    vm.putInt(a[3], all.size());
    return SUCCESS;
  }

  private static long time(WasmVm vm, long[] a) {
    if (a[0] != 0 && a[0] != 1) {
      return INVALID;
    }
    vm.putLong(a[2], a[0] == 0 ? vm.timeNanos() : vm.monotonicNanos());
    return SUCCESS;
  }

  private static long random(WasmVm vm, long[] a) {
    if ((a[1] & 0xFFFF_FFFFL) > BYTES_MAX) {
      return INVALID;
    }
    byte[] bytes = new byte[(int) a[1]];
    RANDOM.nextBytes(bytes);
    vm.putBytes(a[0], bytes);
    return SUCCESS;
  }

  private static long sizes(WasmVm vm, long[] a, List<byte[]> strings) {
    vm.putInt(a[0], strings.size());
    vm.putInt(a[1], strings.stream().mapToInt(s -> s.length + 1).sum());
    return SUCCESS;
  }

  private static long strings(WasmVm vm, long[] a, List<byte[]> strings) {
    long pointer = a[0];
    long at = a[1];
    for (byte[] string : strings) {
      vm.putInt(pointer, (int) at);
      vm.putBytes(at, string);
      vm.putBytes(at + string.length, new byte[1]);
      pointer += 4;
      at += string.length + 1;
    }
    return SUCCESS;
  }
}
