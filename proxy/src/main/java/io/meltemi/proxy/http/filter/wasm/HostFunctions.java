package io.meltemi.proxy.http.filter.wasm;

import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.wasm.types.FunctionType;
import io.meltemi.proxy.header.HeaderBlock;
import io.netty.buffer.ByteBuf;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The functions that modules import: the ABI's in {@code env}. See {@link WasiFunctions}. */
final class HostFunctions {
  private static final System.Logger LOG = System.getLogger(HostFunctions.class.getName());
  private static final Set<String> WASI = Set.of("wasi_snapshot_preview1", "wasi_unstable");
  private static final long[] NOTHING = {};

  /** Where the arguments of a call lie that are pointers. */
  interface Body {
    /**
     * @param a the arguments; addresses and lengths are unsigned
     */
    long call(WasmVm vm, long[] a);
  }

  record Known(String name, int parameters, Body body) {}

  private static final Map<String, Known> ENV = new HashMap<>();

  private HostFunctions() {}

  private static void env(String name, int parameters, Body body) {
    ENV.put(name, new Known(name, parameters, body));
  }

  static {
    env("proxy_log", 3, (vm, a) -> vm.log((int) a[0], vm.text(a[1], a[2])));
    env("proxy_get_log_level", 1, (vm, a) -> vm.putInt(a[0], WasmVm.logLevel()));
    env("proxy_get_current_time_nanoseconds", 1, (vm, a) -> vm.putLong(a[0], vm.timeNanos()));
    env("proxy_set_tick_period_milliseconds", 1, (vm, a) -> vm.tickEvery(a[0] & 0xFFFF_FFFFL));
    env("proxy_set_effective_context", 1, (vm, a) -> vm.effective((int) a[0]));
    // contexts end at once, whatever proxy_on_done answers
    env("proxy_done", 0, (_, _) -> WasmStatus.NOT_FOUND);
    env("proxy_continue_stream", 1, (vm, a) -> stream(vm, f -> f.goOn((int) a[0])));
    env("proxy_close_stream", 1, (vm, a) -> stream(vm, f -> f.close((int) a[0])));
    env("proxy_send_local_response", 8, HostFunctions::reply);
    headers();
    env("proxy_get_buffer_bytes", 5, HostFunctions::getBuffer);
    env("proxy_get_buffer_status", 3, HostFunctions::bufferStatus);
    env("proxy_set_buffer_bytes", 5, HostFunctions::setBuffer);
    env(
        "proxy_get_property",
        4,
        (vm, a) -> {
          byte[] value = Properties.get(vm, vm.stream(), vm.bytes(a[0], a[1]));
          return value == null ? WasmStatus.NOT_FOUND : vm.give(value, a[2], a[3]);
        });
    env(
        "proxy_set_property",
        4,
        (vm, a) -> stream(vm, f -> f.setProperty(vm.text(a[0], a[1]), vm.bytes(a[2], a[3]))));
    env("proxy_http_call", 10, HostFunctions::httpCall);
    metrics();
    shared();
    env(
        "proxy_call_foreign_function",
        6,
        (vm, a) -> {
          String name = vm.text(a[0], a[1]);
          if (name.equals("clear_route_cache")) {
            return stream(vm, WasmFilter::clearRoute);
          }
          LOG.log(System.Logger.Level.WARNING, vm.who() + ": no foreign function " + name);
          return WasmStatus.NOT_FOUND;
        });
    Map.of(
            "proxy_grpc_call", 12,
            "proxy_grpc_stream", 9,
            "proxy_grpc_send", 4,
            "proxy_grpc_cancel", 1,
            "proxy_grpc_close", 1,
            "proxy_get_status", 3)
        .forEach(HostFunctions::unsupported);
  }

  private static void unsupported(String name, int parameters) {
    env(
        name,
        parameters,
        (vm, _) -> {
          LOG.log(
              System.Logger.Level.WARNING,
              vm.who() + ": " + name + " is not supported by this proxy");
          return WasmStatus.UNIMPLEMENTED;
        });
  }

  private static void headers() {
    env(
        "proxy_get_header_map_value",
        5,
        (vm, a) -> {
          HeaderBlock block = vm.headers((int) a[0]);
          if (block == null) {
            return WasmStatus.BAD_ARGUMENT;
          }
          byte[] name = HeaderMaps.name(vm.bytes(a[1], a[2]));
          byte[] value = name == null ? null : HeaderMaps.get(block, name);
          return value == null ? WasmStatus.NOT_FOUND : vm.give(value, a[3], a[4]);
        });
    env("proxy_add_header_map_value", 5, (vm, a) -> change(vm, a, HeaderMaps::add));
    env("proxy_replace_header_map_value", 5, (vm, a) -> change(vm, a, HeaderMaps::replace));
    env(
        "proxy_remove_header_map_value",
        3,
        (vm, a) -> {
          HeaderBlock block = vm.changeableHeaders((int) a[0]);
          byte[] name = HeaderMaps.name(vm.bytes(a[1], a[2]));
          if (block == null || name == null) {
            return WasmStatus.BAD_ARGUMENT;
          }
          HeaderMaps.remove(block, name);
          vm.headersChanged((int) a[0]);
          return WasmStatus.OK;
        });
    env(
        "proxy_get_header_map_pairs",
        3,
        (vm, a) -> {
          HeaderBlock block = vm.headers((int) a[0]);
          return block == null
              ? WasmStatus.BAD_ARGUMENT
              : vm.give(HeaderMaps.write(block), a[1], a[2]);
        });
    env(
        "proxy_set_header_map_pairs",
        3,
        (vm, a) -> {
          HeaderBlock block = vm.changeableHeaders((int) a[0]);
          Optional<List<HeaderMaps.Pair>> pairs = HeaderMaps.read(vm.bytes(a[1], a[2]));
          if (block == null || pairs.isEmpty()) {
            return WasmStatus.BAD_ARGUMENT;
          }
          block.clear();
          HeaderMaps.fill(block, pairs.get());
          vm.headersChanged((int) a[0]);
          return WasmStatus.OK;
        });
    env(
        "proxy_get_header_map_size",
        2,
        (vm, a) -> {
          HeaderBlock block = vm.headers((int) a[0]);
          return block == null
              ? WasmStatus.BAD_ARGUMENT
              : vm.putInt(a[1], HeaderMaps.write(block).length);
        });
  }

  private interface HeaderChange {
    void apply(HeaderBlock block, byte[] name, byte[] value);
  }

  private static int change(WasmVm vm, long[] a, HeaderChange change) {
    HeaderBlock block = vm.changeableHeaders((int) a[0]);
    byte[] name = HeaderMaps.name(vm.bytes(a[1], a[2]));
    byte[] value = vm.bytes(a[3], a[4]);
    if (block == null || name == null || !HeaderMaps.isValue(value)) {
      return WasmStatus.BAD_ARGUMENT;
    }
    change.apply(block, name, value);
    vm.headersChanged((int) a[0]);
    return WasmStatus.OK;
  }

  private interface StreamCall {
    int on(WasmFilter filter);
  }

  private static int stream(WasmVm vm, StreamCall call) {
    WasmFilter filter = vm.stream();
    return filter == null ? WasmStatus.BAD_ARGUMENT : call.on(filter);
  }

  private static long reply(WasmVm vm, long[] a) {
    Optional<List<HeaderMaps.Pair>> headers = HeaderMaps.read(vm.bytes(a[5], a[6]));
    int status = (int) a[0];
    if (headers.isEmpty() || status < 200 || status > 599) {
      return WasmStatus.BAD_ARGUMENT;
    }
    String details = vm.text(a[1], a[2]);
    byte[] body = vm.bytes(a[3], a[4]);
    return stream(vm, f -> f.reply(status, details, body, headers.get()));
  }

  private static long getBuffer(WasmVm vm, long[] a) {
    ByteBuf buffer = vm.buffer((int) a[0]);
    if (buffer == null) {
      return WasmStatus.NOT_FOUND;
    }
    long start = a[1] & 0xFFFF_FFFFL;
    long length = Math.min(a[2] & 0xFFFF_FFFFL, Math.max(0, buffer.readableBytes() - start));
    if (length == 0) {
      return WasmStatus.OK;
    }
    byte[] bytes = new byte[(int) length];
    buffer.getBytes(buffer.readerIndex() + (int) start, bytes);
    return vm.give(bytes, a[3], a[4]);
  }

  private static long bufferStatus(WasmVm vm, long[] a) {
    ByteBuf buffer = vm.buffer((int) a[0]);
    if (buffer == null) {
      return WasmStatus.NOT_FOUND;
    }
    vm.putInt(a[2], 0);
    return vm.putInt(a[1], buffer.readableBytes());
  }

  private static long setBuffer(WasmVm vm, long[] a) {
    ByteBuf buffer = vm.changeableBuffer((int) a[0]);
    if (buffer == null) {
      return WasmStatus.NOT_FOUND;
    }
    byte[] bytes = vm.bytes(a[3], a[4]);
    int size = buffer.readableBytes();
    int start = (int) Math.min(size, a[1] & 0xFFFF_FFFFL);
    int end = (int) Math.min(size, start + (a[2] & 0xFFFF_FFFFL));
    byte[] tail = new byte[size - end];
    buffer.getBytes(buffer.readerIndex() + end, tail);
    buffer.writerIndex(buffer.readerIndex() + start);
    buffer.writeBytes(bytes).writeBytes(tail);
    return WasmStatus.OK;
  }

  private static long httpCall(WasmVm vm, long[] a) {
    Optional<List<HeaderMaps.Pair>> headers = HeaderMaps.read(vm.bytes(a[2], a[3]));
    Optional<List<HeaderMaps.Pair>> trailers = HeaderMaps.read(vm.bytes(a[6], a[7]));
    if (headers.isEmpty() || trailers.isEmpty()) {
      return WasmStatus.BAD_ARGUMENT;
    }
    if (!trailers.get().isEmpty()) {
      LOG.log(System.Logger.Level.WARNING, vm.who() + ": proxy_http_call with trailers");
      return WasmStatus.UNIMPLEMENTED;
    }
    return vm.calls()
        .send(
            vm.text(a[0], a[1]),
            headers.get(),
            vm.bytes(a[4], a[5]),
            (a[8] & 0xFFFF_FFFFL) * 1_000_000,
            a[9]);
  }

  private static void metrics() {
    env(
        "proxy_define_metric",
        4,
        (vm, a) -> vm.metrics().define((int) a[0], vm.text(a[1], a[2]), vm, a[3]));
    env("proxy_increment_metric", 2, (vm, a) -> vm.metrics().increment((int) a[0], a[1]));
    env("proxy_record_metric", 2, (vm, a) -> vm.metrics().record((int) a[0], a[1]));
    env("proxy_get_metric", 2, (vm, a) -> vm.metrics().get((int) a[0], vm, a[1]));
  }

  private static void shared() {
    env(
        "proxy_get_shared_data",
        5,
        (vm, a) -> {
          Optional<SharedState.Value> value = vm.shared().get(vm.vmId(), vm.text(a[0], a[1]));
          if (value.isEmpty()) {
            return WasmStatus.NOT_FOUND;
          }
          vm.putInt(a[4], value.get().cas);
          return vm.give(value.get().bytes, a[2], a[3]);
        });
    env(
        "proxy_set_shared_data",
        5,
        (vm, a) ->
            vm.shared().set(vm.vmId(), vm.text(a[0], a[1]), vm.bytes(a[2], a[3]), (int) a[4]));
    env(
        "proxy_register_shared_queue",
        3,
        (vm, a) -> vm.putInt(a[2], vm.shared().register(vm.vmId(), vm.text(a[0], a[1]), vm)));
    env(
        "proxy_resolve_shared_queue",
        5,
        (vm, a) -> {
          int token = vm.shared().resolve(vm.text(a[0], a[1]), vm.text(a[2], a[3]));
          return token == 0 ? WasmStatus.NOT_FOUND : vm.putInt(a[4], token);
        });
    env(
        "proxy_enqueue_shared_queue",
        3,
        (vm, a) -> vm.shared().enqueue((int) a[0], vm.bytes(a[1], a[2])));
    env(
        "proxy_dequeue_shared_queue",
        3,
        (vm, a) -> {
          if (!vm.shared().has((int) a[0])) {
            return WasmStatus.NOT_FOUND;
          }
          Optional<byte[]> entry = vm.shared().dequeue((int) a[0]);
          return entry.isEmpty() ? WasmStatus.EMPTY : vm.give(entry.get(), a[1], a[2]);
        });
  }

  private static @Nullable Known find(String module, String name) {
    return module.equals("env") ? ENV.get(name) : WasiFunctions.ALL.get(name);
  }

  /** Whether a module can be given the function. */
  static boolean isKnown(String module, String name, FunctionType type) {
    if (!module.equals("env") && !WASI.contains(module)) {
      return false;
    }
    Known known = find(module, name);
    return known != null && known.parameters() == type.params().size();
  }

  /** What a machine is built with. */
  static ImportValues imports(WasmVm vm, List<WasmCode.Needed> needed) {
    ImportValues.Builder imports = ImportValues.builder();
    for (WasmCode.Needed each : needed) {
      Known known = find(each.module(), each.name());
      if (known == null) {
        throw new IllegalStateException("no function " + each.name());
      }
      boolean allowed = vm.mayUse(each.name());
      boolean wasi = !each.module().equals("env");
      boolean silent = each.type().returns().isEmpty();
      long refusal = wasi ? WasiFunctions.NOT_CAPABLE : WasmStatus.UNIMPLEMENTED;
      imports.addFunction(
          new HostFunction(
              each.module(),
              each.name(),
              each.type(),
              (_, args) -> {
                long result = allowed ? vm.host(known, args) : refusal;
                return silent ? NOTHING : new long[] {result};
              }));
    }
    return imports.build();
  }
}
