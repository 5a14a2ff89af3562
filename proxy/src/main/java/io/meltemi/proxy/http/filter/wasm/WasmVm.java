package io.meltemi.proxy.http.filter.wasm;

import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.wasm.ChicoryException;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.loop.LoopTimer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.collection.IntObjectHashMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One machine: an instance of a module with one configuration, on one event loop, with the contexts
 * of its streams. Without a loop it only tries whether the module takes its configuration. A
 * machine that has trapped, or taken too long, runs no more.
 */
final class WasmVm {
  static final int LOG_INFO = 2;
  static final int LOG_ERROR = 4;
  static final int PAGES_MAX = 2048;
  private static final System.Logger LOG = System.getLogger(WasmVm.class.getName());
  private static final int ROOT = 1;
  private static final long START_NANOS_MAX = 30_000_000_000L;
  private static final long CALL_NANOS_MAX = 5_000_000_000L;
  private static final long TICK_NANOS_MIN = 1_000_000;
  private static final int LOG_CHARS_MAX = 16 * 1024;

  private final WasmPlugin plugin;
  private final @Nullable LoopContext loop;
  private final CallGuard guard = new CallGuard();
  private final Instance instance;
  private final Memory memory;
  private final ExportFunction allocate;
  private final Metrics metrics;
  private final Exported.Callbacks callbacks;
  private final IntObjectHashMap<WasmFilter> streams = new IntObjectHashMap<>();
  private final HttpCalls calls;
  private final ArrayDeque<Runnable> after = new ArrayDeque<>();
  private final Tick tick = new Tick();
  private long tickNanos;
  private int lastContext = ROOT;
  private int depth;
  private @Nullable WasmFilter stream;
  private boolean configuring;
  private boolean failed;
  private boolean retired;
  private boolean ended;

  /** Memory that a module names and does not have. */
  private static final class BadMemory extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadMemory() {
      super("no such memory", null, false, false);
    }
  }

  private final class Tick extends LoopTimer {
    @Override
    protected void onTimeout() {
      if (isRunning()) {
        callRoot("proxy_on_tick");
        startTick();
      }
    }
  }

  /**
   * Starts and configures it.
   *
   * @param loop null for a trial
   * @throws WasmException when the module cannot run, or refuses its configuration
   */
  WasmVm(WasmPlugin plugin, @Nullable LoopContext loop) throws WasmException {
    this.plugin = plugin;
    this.loop = loop;
    this.metrics = new Metrics(plugin.tools().custom());
    this.calls = new HttpCalls(this, plugin.tools(), loop);
    WasmCode code = plugin.code();
    plugin.tools().clock().watch(guard);
    boolean started = false;
    guard.begin(plugin.tools().clock().nanos() + START_NANOS_MAX);
    depth++;
    try {
      instance =
          Instance.builder(code.module())
              .withMachineFactory(code.machines())
              .withMemoryLimits(code.memory(PAGES_MAX))
              .withImportValues(HostFunctions.imports(this, code.needed()))
              .build();
      memory = instance.memory();
      ExportFunction malloc = export("malloc");
      allocate = malloc == null ? instance.export("proxy_on_memory_allocate") : malloc;
      callbacks = Exported.Callbacks.of(this);
      start();
      started = !failed;
    } catch (ChicoryException | StackOverflowError e) {
      throw new WasmException("it cannot start: " + e.getMessage(), e);
    } finally {
      depth--;
      guard.pause();
      if (!started) {
        plugin.tools().clock().forget(guard);
      }
    }
    plugin.tools().created().inc();
    plugin.tools().active().inc();
  }

  private void start() throws WasmException {
    ExportFunction initialize = export("_initialize");
    ExportFunction main = export("main");
    ExportFunction command = export("_start");
    if (initialize != null) {
      initialize.apply();
      if (main != null) {
        main.apply(0, 0);
      }
    } else if (command != null) {
      command.apply();
    }
    configuring = true;
    apply(callbacks.create(), ROOT, 0);
    PluginSettings settings = plugin.settings();
    if (apply(callbacks.start(), ROOT, settings.vmConfiguration().size()) == 0) {
      throw new WasmException("it refuses to start (proxy_on_vm_start)");
    }
    if (apply(callbacks.configure(), ROOT, settings.configuration().size()) == 0) {
      throw new WasmException("it refuses its configuration (proxy_on_configure)");
    }
    configuring = false;
  }

  /** What an export answers; 1 when it is absent or answers nothing. */
  private static long apply(Exported exported, long... arguments) {
    ExportFunction function = exported.function;
    if (function == null) {
      return 1;
    }
    long[] results = function.apply(arguments);
    return results == null || results.length == 0 ? 1 : (int) results[0];
  }

  @Nullable ExportFunction export(String name) {
    boolean restricted =
        name.startsWith("proxy_on_") || name.startsWith("_") || name.equals("main");
    return plugin.code().exports(name) && (!restricted || mayUse(name))
        ? instance.export(name)
        : null;
  }

  boolean mayUse(String function) {
    return plugin.settings().mayUse(function);
  }

  boolean isFailed() {
    return failed;
  }

  /** Neither failed nor over. */
  boolean isRunning() {
    return !failed && !ended;
  }

  /** Whether the module is being called. */
  boolean isCalled() {
    return depth > 0;
  }

  Exported.Streams callbacks() {
    return callbacks.streams();
  }

  /** A stream's context begins; its number. */
  int open(WasmFilter filter) {
    lastContext++;
    if (lastContext <= ROOT) {
      lastContext = ROOT + 1;
    }
    int id = lastContext;
    streams.put(id, filter);
    call(callbacks.create(), filter, id, ROOT);
    return id;
  }

  /** A stream's context ends. */
  void close(WasmFilter filter) {
    streams.remove(filter.id());
    if (retired && streams.isEmpty()) {
      end();
    }
  }

  /** Serves no new streams, and ends with the last one. */
  void retire() {
    retired = true;
    if (streams.isEmpty()) {
      end();
    }
  }

  private void end() {
    if (ended) {
      return;
    }
    if (!failed) {
      call(callbacks.streams().done(), null, ROOT);
      call(callbacks.streams().delete(), null, ROOT);
    }
    ended = true;
    release();
  }

  /** A trial is over. */
  void discard() {
    end();
  }

  private void release() {
    LoopContext on = loop;
    if (on != null) {
      on.timers().cancel(tick);
    }
    calls.cancelAll();
    plugin.tools().clock().forget(guard);
    plugin.tools().shared().forget(this);
    plugin.tools().active().dec();
  }

  private void fail(String reason) {
    if (failed) {
      return;
    }
    failed = true;
    LOG.log(System.Logger.Level.ERROR, who() + ": " + reason);
    after.clear();
    if (!ended) {
      ended = true;
      release();
    }
  }

  /**
   * Calls an export, with what it asked for done afterwards.
   *
   * @param filter of whose stream it is; null for the plugin as a whole
   * @return what it answers; 0 when it is absent or the machine has failed
   */
  int call(Exported exported, @Nullable WasmFilter filter, long... arguments) {
    ExportFunction function = exported.function;
    if (function == null || failed) {
      return 0;
    }
    WasmFilter outer = stream;
    stream = filter;
    if (depth++ == 0) {
      guard.begin(plugin.tools().clock().nanos() + CALL_NANOS_MAX);
    }
    int result = 0;
    try {
      long[] results = function.apply(arguments);
      result = results == null || results.length == 0 ? 0 : (int) results[0];
    } catch (ChicoryException | StackOverflowError e) {
      guard.pause();
      fail(
          exported.name
              + (guard.isExpired()
                  ? ": not done after " + CALL_NANOS_MAX / 1_000_000 + " ms"
                  : ": " + e));
    } finally {
      stream = outer;
      if (--depth == 0) {
        guard.pause();
      }
    }
    if (depth == 0) {
      runAfter();
    }
    return result;
  }

  /** Calls an export for the plugin as a whole, as {@link #call}. */
  void callRoot(String export, long... arguments) {
    long[] all = new long[1 + arguments.length];
    all[0] = ROOT;
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    call(new Exported(this, export), null, all);
  }

  private void runAfter() {
    for (Runnable next = after.poll(); next != null; next = after.poll()) {
      next.run();
    }
  }

  /** To be done when the module has returned. */
  void afterCall(Runnable action) {
    after.add(action);
  }

  /** Runs a function of the host for the module. */
  long host(HostFunctions.Known function, long[] arguments) {
    if (!guard.pause()) {
      throw new ChicoryException("its time is over");
    }
    long result;
    try {
      result = function.body().call(this, arguments);
    } catch (BadMemory e) {
      result = WasmStatus.INVALID_MEMORY_ACCESS;
    }
    guard.resume();
    return result;
  }

  // ---- memory

  private int at(long address, long length) {
    long start = address & 0xFFFF_FFFFL;
    if (start + (length & 0xFFFF_FFFFL) > (long) memory.pages() * Memory.PAGE_SIZE) {
      throw new BadMemory();
    }
    return (int) start;
  }

  byte[] bytes(long address, long length) {
    return memory.readBytes(at(address, length), (int) length);
  }

  String text(long address, long length) {
    return new String(bytes(address, length), StandardCharsets.UTF_8);
  }

  int getInt(long address) {
    return memory.readInt(at(address, 4));
  }

  int putInt(long address, int value) {
    memory.writeI32(at(address, 4), value);
    return WasmStatus.OK;
  }

  int putLong(long address, long value) {
    memory.writeLong(at(address, 8), value);
    return WasmStatus.OK;
  }

  void putBytes(long address, byte[] value) {
    memory.write(at(address, value.length), value, 0, value.length);
  }

  /** Puts bytes where the module allocates room, and tells it where. */
  int give(byte[] value, long addressAt, long lengthAt) {
    int address = 0;
    if (value.length > 0) {
      guard.resume();
      address = (int) allocate.apply(value.length)[0];
      if (!guard.pause()) {
        throw new ChicoryException("its time is over");
      }
      if (address == 0) {
        return WasmStatus.INVALID_MEMORY_ACCESS;
      }
      putBytes(address, value);
    }
    putInt(addressAt, address);
    return putInt(lengthAt, value.length);
  }

  // ---- what functions of the host ask for

  /** The stream that the module works on; null for none. */
  @Nullable WasmFilter stream() {
    return stream;
  }

  int effective(int context) {
    if (context == ROOT) {
      stream = null;
      return WasmStatus.OK;
    }
    WasmFilter found = streams.get(context);
    if (found == null) {
      return WasmStatus.BAD_ARGUMENT;
    }
    stream = found;
    return WasmStatus.OK;
  }

  @Nullable HeaderBlock headers(int map) {
    WasmFilter filter = stream;
    return switch (map) {
      case 6 -> calls.headers();
      case 7 -> calls.trailers();
      default -> filter == null ? null : filter.headers(map);
    };
  }

  @Nullable HeaderBlock changeableHeaders(int map) {
    WasmFilter filter = stream;
    return map > 3 || filter == null || filter.isOver() ? null : filter.headers(map);
  }

  void headersChanged(int map) {
    WasmFilter filter = stream;
    if (map == 0 && filter != null) {
      filter.clearRoute();
    }
  }

  @Nullable ByteBuf buffer(int type) {
    return switch (type) {
      case 4 -> calls.body();
      case 6 ->
          configuring
              ? Unpooled.wrappedBuffer(plugin.settings().vmConfiguration().asReadOnlyByteBuffer())
              : null;
      case 7 ->
          configuring
              ? Unpooled.wrappedBuffer(plugin.settings().configuration().asReadOnlyByteBuffer())
              : null;
      default -> changeableBuffer(type);
    };
  }

  @Nullable ByteBuf changeableBuffer(int type) {
    WasmFilter filter = stream;
    return filter == null ? null : filter.body(type);
  }

  int tickEvery(long millis) {
    tickNanos = millis == 0 ? 0 : Math.max(TICK_NANOS_MIN, millis * 1_000_000);
    LoopContext on = loop;
    if (on != null) {
      on.timers().cancel(tick);
    }
    startTick();
    return WasmStatus.OK;
  }

  private void startTick() {
    LoopContext on = loop;
    if (on != null && tickNanos > 0 && !ended && !tick.isStarted()) {
      on.timers().start(tick, tickNanos);
    }
  }

  HttpCalls calls() {
    return calls;
  }

  /** Something was put into a queue. Any thread. */
  void queueReady(int token) {
    LoopContext on = loop;
    if (on != null) {
      on.eventLoop().execute(() -> callRoot("proxy_on_queue_ready", token));
    }
  }

  Metrics metrics() {
    return metrics;
  }

  SharedState shared() {
    return plugin.tools().shared();
  }

  String vmId() {
    return plugin.settings().names().vmId();
  }

  WasmPlugin plugin() {
    return plugin;
  }

  List<byte[]> environment() {
    return plugin.settings().environment().entrySet().stream()
        .map(entry -> (entry.getKey() + "=" + entry.getValue()).getBytes(StandardCharsets.UTF_8))
        .toList();
  }

  long timeNanos() {
    var now = plugin.tools().ticker().now();
    return now.getEpochSecond() * 1_000_000_000 + now.getNano();
  }

  long monotonicNanos() {
    return plugin.tools().ticker().nanos();
  }

  /** How a log line names it. */
  String who() {
    PluginSettings.Names names = plugin.settings().names();
    return "wasm " + names.plugin() + " " + names.rootId() + " " + names.vmId();
  }

  static int logLevel() {
    for (int level = 0; level < LEVELS.size(); level++) {
      if (LOG.isLoggable(LEVELS.get(level))) {
        return level;
      }
    }
    return LEVELS.size();
  }

  private static final List<System.Logger.Level> LEVELS =
      List.of(
          System.Logger.Level.TRACE,
          System.Logger.Level.DEBUG,
          System.Logger.Level.INFO,
          System.Logger.Level.WARNING,
          System.Logger.Level.ERROR,
          System.Logger.Level.ERROR);

  int log(int level, String message) {
    if (level < 0 || level >= LEVELS.size()) {
      return WasmStatus.BAD_ARGUMENT;
    }
    if (LOG.isLoggable(LEVELS.get(level))) {
      String text =
          message.length() > LOG_CHARS_MAX ? message.substring(0, LOG_CHARS_MAX) : message;
      LOG.log(LEVELS.get(level), who() + ": " + text);
    }
    return WasmStatus.OK;
  }
}
