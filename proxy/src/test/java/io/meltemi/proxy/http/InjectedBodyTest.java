package io.meltemi.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Any;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.parse.ParseScope;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A filter that changes bodies, with one beside it that holds messages for a while. */
final class InjectedBodyTest {
  private static final long HOLD_NANOS = 30_000_000;

  private record Factory(String name, String type, Function<HttpFilterContext, HttpFilter> filters)
      implements HttpFilterFactory {
    @Override
    public Set<String> typeUrls() {
      return Set.of("type.googleapis.com/" + type);
    }

    @Override
    public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
      return Optional.of(filters::apply);
    }
  }

  /** Makes letters capitals, piece by piece, and ends every body with a mark before trailers. */
  private static final class Capitals implements HttpFilter {
    private final HttpFilterContext context;

    Capitals(HttpFilterContext context) {
      this.context = context;
    }

    @Override
    public boolean changesBody() {
      return true;
    }

    @Override
    public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
      headers.remove(HeaderName.CONTENT_LENGTH);
      return FilterStatus.CONTINUE;
    }

    @Override
    public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
      headers.remove(HeaderName.CONTENT_LENGTH);
      return FilterStatus.CONTINUE;
    }

    private static ByteBuf capitals(ByteBuf data) {
      return Unpooled.copiedBuffer(
          data.toString(StandardCharsets.US_ASCII).toUpperCase(Locale.ROOT),
          StandardCharsets.US_ASCII);
    }

    @Override
    public FilterStatus decodeData(ByteBuf data, boolean endStream) {
      context.injectRequestData(capitals(data), endStream);
      return FilterStatus.TAKEN;
    }

    @Override
    public FilterStatus encodeData(ByteBuf data, boolean endStream) {
      context.injectResponseData(capitals(data), endStream);
      return FilterStatus.TAKEN;
    }

    @Override
    public FilterStatus decodeTrailers(HeaderBlock trailers) {
      context.injectRequestData(Unpooled.wrappedBuffer(new byte[] {'!'}), false);
      context.injectRequestTrailers();
      return FilterStatus.TAKEN;
    }

    @Override
    public FilterStatus encodeTrailers(HeaderBlock trailers) {
      context.injectResponseData(Unpooled.wrappedBuffer(new byte[] {'!'}), false);
      return FilterStatus.CONTINUE;
    }
  }

  /** Holds each message a while: its head, or the first piece of its body. */
  private static final class Holder implements HttpFilter {
    private final HttpFilterContext context;
    private final boolean holdsHead;
    private boolean requestHeld;
    private boolean responseHeld;
    private final LoopTimer request =
        new LoopTimer() {
          @Override
          protected void onTimeout() {
            Holder.this.context.continueDecoding();
          }
        };
    private final LoopTimer response =
        new LoopTimer() {
          @Override
          protected void onTimeout() {
            Holder.this.context.continueEncoding();
          }
        };

    Holder(HttpFilterContext context, boolean holdsHead) {
      this.context = context;
      this.holdsHead = holdsHead;
    }

    private FilterStatus holdRequest() {
      if (requestHeld) {
        return FilterStatus.CONTINUE;
      }
      requestHeld = true;
      context.loop().timers().start(request, HOLD_NANOS);
      return FilterStatus.PAUSE;
    }

    private FilterStatus holdResponse() {
      if (responseHeld) {
        return FilterStatus.CONTINUE;
      }
      responseHeld = true;
      context.loop().timers().start(response, HOLD_NANOS);
      return FilterStatus.PAUSE;
    }

    @Override
    public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
      return holdsHead ? holdRequest() : FilterStatus.CONTINUE;
    }

    @Override
    public FilterStatus decodeData(ByteBuf data, boolean endStream) {
      return holdsHead ? FilterStatus.CONTINUE : holdRequest();
    }

    @Override
    public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
      return holdsHead ? holdResponse() : FilterStatus.CONTINUE;
    }

    @Override
    public FilterStatus encodeData(ByteBuf data, boolean endStream) {
      return holdsHead ? FilterStatus.CONTINUE : holdResponse();
    }

    @Override
    public void onStreamEnd() {
      context.loop().timers().cancel(request);
      context.loop().timers().cancel(response);
      requestHeld = false;
      responseHeld = false;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "true, true, ''",
    "true, true, t",
    "true, false, ''",
    "true, false, t",
    "false, true, ''",
    "false, true, t",
    "false, false, ''",
    "false, false, t",
  })
  void everyPieceIsChangedOnceAndInOrder(boolean capitalsFirst, boolean holdsHead, String trailer)
      throws Exception {
    String trailers = trailer.isEmpty() ? "" : "x-t: " + trailer + "\r\n";
    String end = trailer.isEmpty() ? "" : "![x-t: " + trailer + "]";
    try (TestBackend a =
            new TestBackend(
                (_, out, _) -> {
                  out.write(
                      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n"
                          .getBytes(StandardCharsets.US_ASCII));
                  for (String piece : new String[] {"efg", "hi", "j"}) {
                    out.flush();
                    out.write(
                        (piece.length() + "\r\n" + piece + "\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
                  }
                  out.write(("0\r\n" + trailers + "\r\n").getBytes(StandardCharsets.US_ASCII));
                });
        ProxyHarness proxy = new ProxyHarness()) {
      String capitals = "envoy.extensions.filters.http.csrf.v3.CsrfPolicy";
      String holder = "envoy.extensions.filters.http.buffer.v3.Buffer";
      proxy
          .filter(new Factory("capitals", capitals, Capitals::new))
          .filter(new Factory("holder", holder, context -> new Holder(context, holdsHead)))
          .cluster("a", a);
      String chain =
          "http_filters:\n- name: one\n  typed_config: {\"@type\": type.googleapis.com/"
              + (capitalsFirst ? capitals : holder)
              + "}\n- name: two\n  typed_config: {\"@type\": type.googleapis.com/"
              + (capitalsFirst ? holder : capitals)
              + "}\n";
      proxy.start(ManagerYaml.manager(ManagerYaml.TO_A).replace("http_filters:\n", chain));
      try (TestClient client = proxy.client()) {
        for (int i = 0; i < 2; i++) {
          client.send("POST / HTTP/1.1\r\nHost: t\r\ntransfer-encoding: chunked\r\n\r\n");
          for (String piece : new String[] {"qrst", "uv", "w", "xyz"}) {
            client.send(piece.length() + "\r\n" + piece + "\r\n");
          }
          client.send("0\r\n" + trailers + "\r\n");
          assertEquals("ABCDEFGHIJ" + end, client.read().body());
          assertEquals("QRSTUVWXYZ" + end, a.requests.get(i).text());
        }
      }
    }
  }
}
