package io.meltemi.proxy.http.filter.wasm;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.upstream.UpstreamCall;
import io.meltemi.proxy.upstream.UpstreamClient;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.collection.IntObjectHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The requests of one machine's own that are under way, and the answer that it is told now. */
final class HttpCalls {
  private static final HeaderName INTERNAL = HeaderName.of("x-envoy-internal");
  private static final int CALLS_MAX = 1000;
  private static final int ANSWER_BYTES_MAX = 1 << 20;

  private final WasmVm vm;
  private final WasmTools tools;
  private final @Nullable LoopContext loop;
  private final IntObjectHashMap<HttpCall> calls = new IntObjectHashMap<>();
  private int lastToken;
  private @Nullable HttpCall answer;

  /**
   * @param loop null for a machine on trial, whose calls are not made
   */
  HttpCalls(WasmVm vm, WasmTools tools, @Nullable LoopContext loop) {
    this.vm = vm;
    this.tools = tools;
    this.loop = loop;
  }

  /** Its answer is told to the plugin as a whole, as in Envoy. */
  private final class HttpCall implements UpstreamClient.Listener {
    final int token;
    final HeaderBlock headers = new HeaderBlock();
    final HeaderBlock trailers = new HeaderBlock();
    ByteString body = ByteString.EMPTY;
    @Nullable UpstreamCall sent;

    HttpCall(int token) {
      this.token = token;
    }

    @Override
    public void onAnswer(UpstreamClient.Answer told) {
      headers.copyFrom(told.headers());
      trailers.copyFrom(told.trailers());
      body = told.body();
      over();
    }

    @Override
    public void onFailure(UpstreamClient.Failure failure) {
      over();
    }

    private void over() {
      LoopContext on = loop;
      if (vm.isCalled() && on != null) {
        // told before the module knows its token
        on.eventLoop().execute(this::deliver);
      } else {
        deliver();
      }
    }

    private void deliver() {
      if (calls.remove(token) == null || !vm.isRunning()) {
        return;
      }
      answer = this;
      try {
        vm.callRoot(
            "proxy_on_http_call_response", token, headers.size(), body.size(), trailers.size());
      } finally {
        answer = null;
      }
    }
  }

  /**
   * @param tokenAddress where the module learns the number of the call
   * @return a {@link WasmStatus}
   */
  int send(
      String cluster,
      List<HeaderMaps.Pair> headers,
      byte[] body,
      long timeoutNanos,
      long tokenAddress) {
    if (calls.size() >= CALLS_MAX) {
      return WasmStatus.INTERNAL_FAILURE;
    }
    if (!tools.hasCluster(cluster)) {
      return WasmStatus.BAD_ARGUMENT;
    }
    HeaderBlock head = new HeaderBlock();
    HeaderMaps.fill(head, headers);
    if (!head.contains(HeaderName.METHOD)
        || !head.contains(HeaderName.PATH)
        || !head.contains(HeaderName.AUTHORITY)) {
      return WasmStatus.BAD_ARGUMENT;
    }
    if (!head.contains(HeaderName.SCHEME)) {
      head.add(HeaderName.SCHEME, "http");
    }
    head.set(INTERNAL, "true");
    if (body.length > 0) {
      head.setNumber(HeaderName.CONTENT_LENGTH, body.length);
    }
    lastToken = lastToken == Integer.MAX_VALUE ? 1 : lastToken + 1;
    vm.putInt(tokenAddress, lastToken);
    LoopContext on = loop;
    if (on == null) {
      return WasmStatus.OK;
    }
    HttpCall call = new HttpCall(lastToken);
    calls.put(call.token, call);
    call.sent =
        tools
            .client()
            .send(
                on,
                cluster,
                new UpstreamClient.Request(
                    head,
                    ByteString.copyFrom(body),
                    timeoutNanos,
                    ANSWER_BYTES_MAX,
                    UpstreamClient.Retries.NONE),
                call);
    return WasmStatus.OK;
  }

  /** Of the answer that is told now; null for none. */
  @Nullable HeaderBlock headers() {
    HttpCall told = answer;
    return told == null ? null : told.headers;
  }

  /** Of the answer that is told now; null for none. */
  @Nullable HeaderBlock trailers() {
    HttpCall told = answer;
    return told == null ? null : told.trailers;
  }

  /** Of the answer that is told now; null for none. */
  @Nullable ByteBuf body() {
    HttpCall told = answer;
    return told == null ? null : Unpooled.wrappedBuffer(told.body.asReadOnlyByteBuffer());
  }

  void cancelAll() {
    List.copyOf(calls.values())
        .forEach(
            call -> {
              if (call.sent != null) {
                call.sent.cancel();
              }
            });
    calls.clear();
  }
}
