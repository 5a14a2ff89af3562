package io.meltemi.embedded.sidecar;

import java.util.concurrent.CompletableFuture;

/** Runs proxies. */
public interface Fleet extends AutoCloseable {
  /** A proxy that was started. */
  interface Sidecar {
    /** Completes once it serves what the control plane sent; fails when it cannot start. */
    CompletableFuture<Void> ready();

    /** Tells the control plane of other binds; everything else of the spec is as it was. */
    void update(SidecarSpec spec);

    /** Lets running requests end, then ends it; completes when its ports are free. */
    CompletableFuture<Void> close();
  }

  /** Starts one. */
  Sidecar start(SidecarSpec spec);

  /** Ends all, at once. */
  @Override
  void close();
}
