package io.meltemi.embedded;

import java.nio.file.Path;

/**
 * What {@code up} is told.
 *
 * @param directory of the manifests
 * @param root where meltemi is installed
 * @param java the Java to run Java programs with
 * @param stateParent takes a directory per run
 * @param version of this program
 * @param rehearse end when all is ready and the first URL has answered
 */
public record UpSettings(
    Path directory, Path root, Path java, Path stateParent, String version, boolean rehearse) {}
