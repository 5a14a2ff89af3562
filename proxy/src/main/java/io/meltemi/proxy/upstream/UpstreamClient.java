package io.meltemi.proxy.upstream;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;

/** Sends the proxy's own requests, such as those of filters that ask a service. Any thread. */
public final class UpstreamClient {
  final ClusterManager clusters;
  final UpstreamPools pools;

  public UpstreamClient(ClusterManager clusters, UpstreamPools pools) {
    this.clusters = clusters;
    this.pools = pools;
  }

  /**
   * When a request is tried again.
   *
   * @param max further tries
   * @param baseNanos the first back-off is drawn from up to so much, each later one from twice that
   * @param maxNanos no back-off is longer
   * @param grpcStatuses a bit for each gRPC status that is tried again
   */
  public record Retries(
      int max, long baseNanos, long maxNanos, boolean onServerErrors, long grpcStatuses) {
    public static final Retries NONE = new Retries(0, 0, 0, false, 0);
  }

  /**
   * A request; its headers and body are neither copied nor changed while it is under way.
   *
   * @param body empty for none
   * @param timeoutNanos for all tries together; 0 for none
   * @param answerBytesMax how large the answer's body may be
   */
  public record Request(
      HeaderBlock headers,
      ByteString body,
      long timeoutNanos,
      int answerBytesMax,
      Retries retries) {}

  /** A whole answer; valid during the call that shows it. */
  public record Answer(int status, HeaderBlock headers, ByteString body, HeaderBlock trailers) {}

  /** Why there is no answer. */
  public enum Failure {
    NO_CLUSTER,
    NO_HOST,
    OVERFLOW,
    CONNECT,
    RESET,
    TIMEOUT,
    TOO_LARGE
  }

  /** Hears the outcome once, on the loop, unless the call is cancelled before. */
  public interface Listener {
    void onAnswer(Answer answer);

    void onFailure(Failure failure);
  }

  /** Sends a request on the loop; the listener may be told before this returns. */
  public UpstreamCall send(LoopContext loop, String cluster, Request request, Listener listener) {
    UpstreamCall call = new UpstreamCall(this, loop, cluster, request, listener);
    call.start();
    return call;
  }
}
