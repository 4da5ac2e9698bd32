"""Execute the notebooks in place, one command: every number and figure they show is computed anew.

    uv run python notebooks/execute.py [NAME.ipynb …]

Figures of the README are written beside the notebooks. What an execution leaves that is no result
(times, the kernel's version, progress on stderr) is not kept.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def execute(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Run all cells from the top in a folder, and return the notebook with their outputs.

    Parameters
    ----------
    notebook : NotebookNode
    folder : Path
        Where the cells write to.

    Returns
    -------
    NotebookNode

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises.
    """
    NotebookClient(
        notebook,
        timeout=None,
        startup_timeout=600,  # seconds: a busy machine takes its time
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if _is_result(o)]
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    return notebook


def _is_result(output: nbformat.NotebookNode) -> bool:
    """Tell what a cell found from what it said meanwhile: stderr, and bars that are empty now."""
    return output.get("name") != "stderr" and (
        output.output_type != "display_data" or any(output.data.values())
    )


def main() -> None:
    """Execute the notebooks that are named, or all."""
    names = [Path(name).name for name in sys.argv[1:]]
    for path in [HERE / name for name in names] or sorted(HERE.glob("*.ipynb")):
        print(path.name, flush=True)
        nbformat.write(execute(nbformat.read(path, as_version=4), HERE), path)


if __name__ == "__main__":
    main()
