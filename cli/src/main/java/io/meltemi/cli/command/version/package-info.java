/** Prints what this is. */
@NullMarked
package io.meltemi.cli.command.version;

import org.jspecify.annotations.NullMarked;
