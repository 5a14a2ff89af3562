package io.meltemi.embedded;

import io.meltemi.common.net.HostPort;
import java.nio.file.Path;

/**
 * Where a mesh runs.
 *
 * @param directory of the manifests
 * @param root where meltemi is installed
 * @param java the Java that runs it
 * @param state takes logs and what the next run has to know
 * @param xds where the control plane listens
 * @param domain the cluster's DNS domain
 */
record MeshContext(Path directory, Path root, Path java, Path state, HostPort xds, String domain) {}
