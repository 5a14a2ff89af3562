package io.meltemi.xds.server;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC call below a connection. Requests come on gRPC threads and are handed to the loop one at
 * a time: the next is read only when the last is worked off and the client reads what it is sent.
 */
abstract class Stream<Q> implements StreamObserver<Q>, Wire {
  private final DiscoveryServer server;
  final ServerCallStreamObserver<EncodedResponse> responses;
  private final String peer;

  // Belongs to the loop.
  private @Nullable DiscoveryConnection connection;
  private boolean ended;
  private boolean readPending = true;

  Stream(DiscoveryServer server, ServerCallStreamObserver<EncodedResponse> responses, String peer) {
    this.server = server;
    this.responses = responses;
    this.peer = peer;
    responses.disableAutoRequest();
    responses.setOnReadyHandler(() -> server.loop().execute(this::ready));
    responses.setOnCancelHandler(() -> server.loop().execute(this::end));
  }

  abstract IncomingRequest read(Q message);

  @Override
  public final void onNext(Q message) {
    IncomingRequest request = read(message);
    server.loop().execute(() -> receive(request));
  }

  @Override
  public final void onError(Throwable failure) {
    server.loop().execute(this::end);
  }

  @Override
  public final void onCompleted() {
    server
        .loop()
        .execute(
            () -> {
              close(Status.OK);
              end();
            });
  }

  private void receive(IncomingRequest request) {
    if (ended) {
      return;
    }
    DiscoveryConnection current = connection;
    if (current == null) {
      current = server.admit(this, peer, request);
      connection = current;
    }
    if (current != null) {
      server.handle(current, request);
    }
    if (!ended) {
      readPending = true;
      readNext();
    }
  }

  private void ready() {
    if (!ended) {
      readNext();
      if (connection != null && connection.isReady()) {
        server.backend().ready(connection);
      }
    }
  }

  private void readNext() {
    if (readPending && (responses.isReady() || connection == null)) {
      readPending = false;
      responses.request(1);
    }
  }

  /** Begins to read; called once, on the loop. */
  void start() {
    readNext();
  }

  private void end() {
    if (!ended) {
      ended = true;
      server.ended(this, connection);
    }
  }

  @Override
  public final boolean isReady() {
    return !ended && responses.isReady();
  }

  @Override
  public final void close(Status status) {
    if (!ended && !responses.isCancelled()) {
      if (status.isOk()) {
        responses.onCompleted();
      } else {
        responses.onError(status.asRuntimeException());
      }
    }
    end();
  }

  final void transmit(EncodedResponse message) {
    if (!ended && !responses.isCancelled()) {
      responses.onNext(message);
    }
  }
}
