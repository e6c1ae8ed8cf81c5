"""The dialect of Timmy, THbio and AiFace terminals, which dial in and speak JSON."""
