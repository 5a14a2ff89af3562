package io.meltemi.xds.client;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC call below a stream: one response at a time, the next when the last was worked off.
 * Responses arrive on gRPC threads, requests are sent from the loop.
 */
final class Call<Q, R> implements ClientResponseObserver<Q, R> {
  private final ClientStream.Events events;
  private final Function<R, Response> reader;
  // set by gRPC inside the call that starts the stream
  private @Nullable ClientCallStreamObserver<Q> requests;

  Call(ClientStream.Events events, Function<R, Response> reader) {
    this.events = events;
    this.reader = reader;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> stream) {
    requests = stream;
    stream.disableAutoRequestWithInitial(1);
    stream.setOnReadyHandler(events::onReady);
  }

  @Override
  public void onNext(R message) {
    Response response;
    try {
      response = reader.apply(message);
    } catch (RuntimeException e) {
      // such as an empty type url: the server is not one
      cancel();
      events.onEnd("unusable response: " + e.getMessage());
      return;
    }
    events.onResponse(response);
  }

  @Override
  public void onError(Throwable failure) {
    Status status = Status.fromThrowable(failure);
    String description = status.getDescription();
    Throwable cause = status.getCause();
    events.onEnd(
        status.getCode()
            + (description == null ? "" : ": " + description)
            + (cause == null ? "" : " (" + cause.getMessage() + ")"));
  }

  @Override
  public void onCompleted() {
    events.onEnd("the server ended the stream");
  }

  void send(Q request) {
    if (requests != null) {
      requests.onNext(request);
    }
  }

  void next() {
    if (requests != null) {
      requests.request(1);
    }
  }

  boolean isReady() {
    return requests != null && requests.isReady();
  }

  void cancel() {
    if (requests != null) {
      requests.cancel("closed by this side", null);
    }
  }
}
