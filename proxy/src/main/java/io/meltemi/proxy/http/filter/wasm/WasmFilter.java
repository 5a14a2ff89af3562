package io.meltemi.proxy.http.filter.wasm;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.netty.buffer.ByteBuf;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One stream's context in a machine. */
final class WasmFilter implements HttpFilter {
  private static final Pattern BLANKS = Pattern.compile("\\s");
  private static final String FAILED = "wasm_fail_stream";
  private static final int CONTINUE = 0;
  private static final int BODY_NO_BUFFER = 3;
  private static final int PROPERTIES_MAX = 100;

  private final WasmPlugin plugin;
  private final WasmPlugin.Slot slot;
  private final HttpFilterContext context;
  private final Map<String, byte[]> properties = new HashMap<>(0);
  private @Nullable WasmVm vm;
  private int id;
  private @Nullable HeaderBlock requestHeaders;
  private @Nullable HeaderBlock requestTrailers;
  private @Nullable HeaderBlock responseHeaders;
  private @Nullable HeaderBlock responseTrailers;
  private @Nullable ByteBuf requestBody;
  private @Nullable ByteBuf responseBody;
  private boolean replied;
  private boolean responding;
  private boolean over;

  WasmFilter(WasmPlugin plugin, WasmPlugin.Slot slot, HttpFilterContext context) {
    this.plugin = plugin;
    this.slot = slot;
    this.context = context;
  }

  int id() {
    return id;
  }

  HttpFilterContext context() {
    return context;
  }

  private boolean isOpen() {
    return plugin.settings().failure().policy() == PluginSettings.Policy.OPEN;
  }

  /** What a machine that does not run means for a stream. */
  private FilterStatus failed() {
    if (isOpen()) {
      return FilterStatus.CONTINUE;
    }
    if (!replied) {
      replied = true;
      answer(LocalReply.of(503, "", null, FAILED));
    }
    return FilterStatus.PAUSE;
  }

  private void answer(LocalReply reply) {
    if (responding) {
      context.replaceResponse(reply);
    } else {
      context.sendLocalReply(reply);
    }
  }

  @Override
  public boolean seesHeldBody() {
    return true;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    WasmVm running = slot.vm();
    if (running == null) {
      return failed();
    }
    vm = running;
    requestHeaders = headers;
    id = running.open(this);
    return onHeaders(running, running.callbacks().requestHeaders(), headers, endStream, true);
  }

  private FilterStatus onHeaders(
      WasmVm running, Exported callback, HeaderBlock headers, boolean endStream, boolean request) {
    int number = id;
    boolean before = replied;
    int answer = running.call(callback, this, id, headers.size(), endStream ? 1 : 0);
    if (id != number) {
      return FilterStatus.PAUSE;
    }
    if (running.isFailed()) {
      return failed();
    }
    if (replied != before || answer != CONTINUE) {
      return FilterStatus.PAUSE;
    }
    if (request) {
      requestHeaders = null;
    } else {
      responseHeaders = null;
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    WasmVm running = vm;
    if (running == null) {
      return FilterStatus.CONTINUE;
    }
    if (running.isFailed()) {
      return failed();
    }
    Exported callback = running.callbacks().requestBody();
    if (!callback.isPresent()) {
      return FilterStatus.CONTINUE;
    }
    ByteBuf whole = context.gatherRequest(data);
    requestBody = whole;
    int number = id;
    int answer = running.call(callback, this, id, whole.readableBytes(), endStream ? 1 : 0);
    if (id != number) {
      return FilterStatus.PAUSE;
    }
    requestBody = null;
    return onBody(running, answer, whole);
  }

  private FilterStatus onBody(WasmVm running, int answer, ByteBuf whole) {
    if (running.isFailed()) {
      return failed();
    }
    if (answer >= BODY_NO_BUFFER) {
      whole.clear();
    }
    return answer == CONTINUE && !replied ? FilterStatus.CONTINUE : FilterStatus.BUFFER;
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock trailers) {
    WasmVm running = vm;
    if (running == null) {
      return FilterStatus.CONTINUE;
    }
    requestTrailers = trailers;
    FilterStatus status = onTrailers(running, running.callbacks().requestTrailers(), trailers);
    if (status == FilterStatus.CONTINUE) {
      requestTrailers = null;
    }
    return status;
  }

  private FilterStatus onTrailers(WasmVm running, Exported callback, HeaderBlock trailers) {
    if (running.isFailed()) {
      return failed();
    }
    int number = id;
    int answer = running.call(callback, this, id, trailers.size());
    if (id != number) {
      return FilterStatus.PAUSE;
    }
    if (running.isFailed()) {
      return failed();
    }
    return answer == CONTINUE && !replied ? FilterStatus.CONTINUE : FilterStatus.PAUSE;
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    WasmVm running = vm;
    if (running == null) {
      return FilterStatus.CONTINUE;
    }
    if (running.isFailed()) {
      return replied ? FilterStatus.CONTINUE : failed();
    }
    if (!replied) {
      responding = true;
    }
    responseHeaders = headers;
    return onHeaders(running, running.callbacks().responseHeaders(), headers, endStream, false);
  }

  @Override
  public FilterStatus encodeData(ByteBuf data, boolean endStream) {
    WasmVm running = vm;
    if (running == null || (replied && running.isFailed())) {
      return FilterStatus.CONTINUE;
    }
    if (running.isFailed()) {
      return failed();
    }
    Exported callback = running.callbacks().responseBody();
    if (!callback.isPresent()) {
      return FilterStatus.CONTINUE;
    }
    ByteBuf whole = context.gatherResponse(data);
    responseBody = whole;
    int number = id;
    int answer = running.call(callback, this, id, whole.readableBytes(), endStream ? 1 : 0);
    if (id != number) {
      return FilterStatus.PAUSE;
    }
    responseBody = null;
    if (running.isFailed()) {
      return failed();
    }
    if (answer >= BODY_NO_BUFFER) {
      whole.clear();
    }
    return answer == CONTINUE ? FilterStatus.CONTINUE : FilterStatus.BUFFER;
  }

  @Override
  public FilterStatus encodeTrailers(HeaderBlock trailers) {
    WasmVm running = vm;
    if (running == null) {
      return FilterStatus.CONTINUE;
    }
    responseTrailers = trailers;
    FilterStatus status = onTrailers(running, running.callbacks().responseTrailers(), trailers);
    if (status == FilterStatus.CONTINUE) {
      responseTrailers = null;
    }
    return status;
  }

  @Override
  public void onStreamEnd() {
    WasmVm running = vm;
    if (running != null) {
      over = true;
      requestHeaders = context.requestHeaders();
      responseHeaders = context.responseHeaders();
      running.call(running.callbacks().log(), this, id);
      running.call(running.callbacks().done(), this, id);
      running.call(running.callbacks().delete(), this, id);
      running.close(this);
    }
    vm = null;
    id = 0;
    requestHeaders = null;
    requestTrailers = null;
    responseHeaders = null;
    responseTrailers = null;
    requestBody = null;
    responseBody = null;
    replied = false;
    responding = false;
    over = false;
    properties.clear();
  }

  // ---- what the module asks for

  /** Whether there is nothing left to change. */
  boolean isOver() {
    return over;
  }

  @Nullable HeaderBlock headers(int map) {
    return switch (map) {
      case 0 -> requestHeaders;
      case 1 -> requestTrailers;
      case 2 -> responseHeaders;
      case 3 -> responseTrailers;
      default -> null;
    };
  }

  @Nullable ByteBuf body(int type) {
    return switch (type) {
      case 0 -> requestBody;
      case 1 -> responseBody;
      default -> null;
    };
  }

  int clearRoute() {
    if (!over) {
      context.clearRoute();
    }
    return WasmStatus.OK;
  }

  int setProperty(String path, byte[] value) {
    if (properties.size() >= PROPERTIES_MAX && !properties.containsKey(path)) {
      return WasmStatus.INTERNAL_FAILURE;
    }
    properties.put(path, value);
    return WasmStatus.OK;
  }

  /** Wall-clock time of a moment of the ticker. */
  long startTimeNanos(long nanos) {
    WasmVm running = vm;
    return running == null ? 0 : running.timeNanos() - (running.monotonicNanos() - nanos);
  }

  byte @Nullable [] property(String path) {
    return properties.get(path);
  }

  /**
   * @param way 0 for the request, 1 for the response
   */
  int goOn(int way) {
    WasmVm running = vm;
    if (running == null || over || way < 0 || way > 1) {
      return WasmStatus.BAD_ARGUMENT;
    }
    int number = id;
    running.afterCall(
        () -> {
          if (vm != running || id != number || replied) {
            return;
          }
          if (way == 0) {
            requestHeaders = null;
            context.continueDecoding();
          } else {
            responseHeaders = null;
            context.continueEncoding();
          }
        });
    return WasmStatus.OK;
  }

  int close(int way) {
    WasmVm running = vm;
    if (running == null || over || way < 0 || way > 1) {
      return WasmStatus.BAD_ARGUMENT;
    }
    int number = id;
    running.afterCall(
        () -> {
          if (vm == running && id == number) {
            context.resetStream(null, "wasm_close_stream");
          }
        });
    return WasmStatus.OK;
  }

  int reply(int status, String details, byte[] body, List<HeaderMaps.Pair> headers) {
    WasmVm running = vm;
    if (running == null || over || replied) {
      return WasmStatus.BAD_ARGUMENT;
    }
    replied = true;
    int number = id;
    running.afterCall(
        () -> {
          if (vm == running && id == number) {
            answer(
                new LocalReply(
                    status,
                    body,
                    null,
                    BLANKS.matcher(details).replaceAll("_"),
                    block -> HeaderMaps.fill(block, headers)));
          }
        });
    return WasmStatus.OK;
  }
}
