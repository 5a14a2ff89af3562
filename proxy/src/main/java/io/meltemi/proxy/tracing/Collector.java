package io.meltemi.proxy.tracing;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.ArrayList;
import java.util.List;

/** Where spans are sent by HTTP. Any event loop. */
public final class Collector {
  private static final SupportedFields OPTION =
      SupportedFields.of(HeaderValueOption.class, "header", "append_action");
  private static final SupportedFields HEADER =
      SupportedFields.of(HeaderValue.class, "key", "value");
  private static final int ANSWER_BYTES_MAX = 1 << 20;

  /**
   * @param authority of requests
   * @param timeoutNanos 0 for none
   */
  public record Target(String cluster, String authority, String path, long timeoutNanos) {
    /**
     * Of the fields {@code collector_cluster}, whose lack is an error, and {@code
     * collector_hostname}, which the cluster's name stands in for.
     *
     * @param scope of the message that has both
     */
    public static Target parse(
        String cluster, String hostname, String path, long timeoutNanos, ParseScope scope) {
      if (cluster.isEmpty()) {
        scope.field("collector_cluster").error("\"\"", "the name of a cluster");
      }
      return new Target(cluster, hostname.isEmpty() ? cluster : hostname, path, timeoutNanos);
    }
  }

  /** A header of every request. */
  public record Header(HeaderName name, String value) {
    public static Header of(String name, String value) {
      return new Header(HeaderName.of(name), value);
    }
  }

  /** What became of what was sent. */
  public enum Outcome {
    SENT,
    /** The collector has answered with another status than 200 or 202. */
    DROPPED,
    /** No answer. */
    FAILED,
    NO_CLUSTER
  }

  /** Hears of it once, on the loop; perhaps before the sending returns. */
  public interface Listener {
    void onOutcome(Outcome outcome);
  }

  /** Counts outcomes under Envoy's names in a scope such as {@code tracing.zipkin.}. */
  public static Listener counting(StatScope stats) {
    Counter sent = stats.counter("reports_sent");
    Counter dropped = stats.counter("reports_dropped");
    Counter failed = stats.counter("reports_failed");
    Counter noCluster = stats.counter("reports_skipped_no_cluster");
    return outcome ->
        (switch (outcome) {
              case SENT -> sent;
              case DROPPED -> dropped;
              case FAILED -> failed;
              case NO_CLUSTER -> noCluster;
            })
            .inc();
  }

  private final UpstreamClient client;
  private final Target target;
  private final List<Header> headers;

  public Collector(UpstreamClient client, Target target, List<Header> headers) {
    this.client = client;
    this.target = target;
    this.headers = List.copyOf(headers);
  }

  /** Headers of the field {@code request_headers_to_add}; for the caller to add to. */
  public static List<Header> headers(List<HeaderValueOption> protos, ParseScope scope) {
    List<Header> headers = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      ParseScope at = scope.field("request_headers_to_add", i);
      OPTION.check(protos.get(i), at);
      HeaderValue header = protos.get(i).getHeader();
      HEADER.check(header, at.field("header"));
      if (!HeaderName.isValid(header.getKey())) {
        at.field("header").field("key").error("\"" + header.getKey() + "\"", "a header name");
      } else if (header.getValue().indexOf('%') >= 0) {
        at.field("header").field("value").unsupported(header.getValue());
      } else {
        headers.add(Header.of(header.getKey(), header.getValue()));
      }
    }
    return headers;
  }

  /** Sends a body with more headers than those of every request. */
  public void send(LoopContext loop, ByteString body, List<Header> more, Listener listener) {
    HeaderBlock block = new HeaderBlock();
    block.add(HeaderName.METHOD, "POST");
    block.add(HeaderName.PATH, target.path());
    block.add(HeaderName.AUTHORITY, target.authority());
    block.add(HeaderName.SCHEME, "http");
    for (Header header : headers) {
      block.add(header.name(), header.value());
    }
    for (Header header : more) {
      block.add(header.name(), header.value());
    }
    block.addNumber(HeaderName.CONTENT_LENGTH, body.size());
    client.send(
        loop,
        target.cluster(),
        new UpstreamClient.Request(
            block, body, target.timeoutNanos(), ANSWER_BYTES_MAX, UpstreamClient.Retries.NONE),
        new UpstreamClient.Listener() {
          @Override
          public void onAnswer(UpstreamClient.Answer answer) {
            listener.onOutcome(
                answer.status() == 200 || answer.status() == 202 ? Outcome.SENT : Outcome.DROPPED);
          }

          @Override
          public void onFailure(UpstreamClient.Failure failure) {
            listener.onOutcome(
                switch (failure) {
                  case NO_CLUSTER -> Outcome.NO_CLUSTER;
                  case NO_HOST, OVERFLOW, CONNECT, RESET, TIMEOUT, TOO_LARGE -> Outcome.FAILED;
                });
          }
        });
  }
}
